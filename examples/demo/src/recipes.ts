import { cosine, type Curve } from '@snapshot-ensemble/schedules';

export const BATCH_SIZE = 64;

/** One way to train. */
export interface Recipe {
  /** Name of its folder and its history. */
  readonly id: 'snapshots' | 'cosine';
  readonly name: string;
  readonly epochs: number;
  readonly cycles: number;
  readonly curve: Curve;
  /** Learning rate at the start of every cycle, with momentum 0.9. */
  readonly peak: number;
  readonly weightDecay: number;
}

/** Huang et al. 2017: a cosine in every cycle, a snapshot at the end of each. Peak and weight decay are the best on validation images of `npm run experiments`. */
export function snapshotRecipe(epochs: number, cycles: number): Recipe {
  return {
    id: 'snapshots',
    name: 'snapshot ensemble',
    epochs,
    cycles,
    curve: cosine,
    peak: 0.1,
    weightDecay: 5e-4,
  };
}

/** A single model overfits when it trains for as long as the ensemble: the best length is a third. */
const RIVAL_SHARE = 1 / 3;

/** The single model that the ensemble is measured against: one cosine, its length, peak and weight decay the best on validation images of `npm run experiments`. */
export function rivalRecipe(epochs: number): Recipe {
  return {
    id: 'cosine',
    name: 'single model',
    epochs: Math.max(1, Math.round(epochs * RIVAL_SHARE)),
    cycles: 1,
    curve: cosine,
    peak: 0.025,
    weightDecay: 0,
  };
}
