import { cosine, type Curve, stepwise } from '@snapshot-ensemble/schedules';

export const BATCH_SIZE = 64;

/** Peak of every schedule here, with momentum 0.9: on these images 0.04 learns less and 0.2 is unstable. */
export const LEARNING_RATE = 0.1;

/** One way to spend the budget. */
export interface Recipe {
  /** Name of its folder and its history. */
  readonly id: 'snapshots' | 'cosine' | 'step';
  readonly name: string;
  readonly cycles: number;
  readonly curve: Curve;
}

/** Huang et al. 2017: a cosine in every cycle, a snapshot at the end of each. */
export function snapshotRecipe(cycles: number): Recipe {
  return { id: 'snapshots', name: 'snapshot ensemble', cycles, curve: cosine };
}

/** Single models of the same budget. The steps are those of Huang et al. 2017, §4.1: a tenth at 50 %, a hundredth at 75 %. */
export const rivalRecipes: readonly Recipe[] = [
  { id: 'cosine', name: 'one cosine', cycles: 1, curve: cosine },
  {
    id: 'step',
    name: 'steps',
    cycles: 1,
    curve: stepwise([
      { at: 0.5, factor: 0.1 },
      { at: 0.75, factor: 0.01 },
    ]),
  },
];
