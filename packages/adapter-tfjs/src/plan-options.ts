import {
  anneal,
  type Curve,
  type CyclePlan,
  equalCycles,
  growingCycles,
  type Schedule,
} from '@snapshot-ensemble/schedules';

import type { RunExtent } from './protocol-run.ts';

interface AnnealingOptions {
  /** Shape of the fall in each cycle. Default cosine. */
  readonly curve?: Curve;
}

/** Exactly so many cycles over the whole run: Huang et al. 2017. */
export interface EqualCyclesPlan extends AnnealingOptions {
  readonly cycles: number;
  /** Peak of the first cycle. Default: the learning rate the optimizer came with. */
  readonly lrInit?: number;
  /** Floor of every cycle. Default 0. */
  readonly lrMin?: number;
  /** Ratio of successive peaks. Default 1. */
  readonly lrMultiplier?: number;
}

/** Growing cycles, under the names and with the defaults of the Python library `snapshot-ensemble`. */
export interface GrowingCyclesPlan extends AnnealingOptions {
  readonly cycles?: never;
  /** Epochs of the first cycle. Default 10. */
  readonly cycleLength?: number;
  /** Ratio of successive cycle lengths. Default 1.5. */
  readonly cycleLengthMultiplier?: number;
  /** Peak of the first cycle. Default 0.01. */
  readonly lrInit?: number;
  /** Floor of the first cycle; it falls with the peaks. Default 1e-6. */
  readonly lrMin?: number;
  /** Ratio of successive peaks. Default 0.9. */
  readonly lrMultiplier?: number;
}

/** Where the cycles are and how the learning rate goes. */
export interface PlannedRun {
  readonly plan: CyclePlan;
  readonly schedule: Schedule;
}

/** Any plan and schedule, made when the extent of the run is known. */
export interface OwnPlan {
  readonly planOf: (run: RunExtent) => PlannedRun;
}

export type PlanOptions = EqualCyclesPlan | GrowingCyclesPlan | OwnPlan;

/** Plan and schedule of a run. */
export function planRun(
  options: PlanOptions,
  run: RunExtent,
  optimizerRate: number | undefined,
): PlannedRun {
  if ('planOf' in options) return options.planOf(run);
  const { totalSteps, stepsPerEpoch } = run;
  const curve = options.curve && { curve: options.curve };
  if (options.cycles !== undefined) {
    const { cycles, lrInit = optimizerRate, lrMin = 0, lrMultiplier = 1 } = options;
    if (lrInit === undefined) throw noRate();
    const plan = equalCycles({ totalSteps, cycles });
    return { plan, schedule: anneal(plan, { lrInit, lrMin, lrMultiplier, ...curve }) };
  }
  const { cycleLength = 10, cycleLengthMultiplier = 1.5 } = options;
  const { lrInit = 0.01, lrMin = 1e-6, lrMultiplier = 0.9 } = options;
  const plan = growingCycles({
    totalEpochs: totalSteps / stepsPerEpoch,
    stepsPerEpoch,
    cycleLength,
    cycleLengthMultiplier,
  });
  const lrMinMultiplier = lrMultiplier;
  return {
    plan,
    schedule: anneal(plan, { lrInit, lrMin, lrMultiplier, lrMinMultiplier, ...curve }),
  };
}

function noRate(): RangeError {
  return new RangeError(
    'snapshotEnsembleCallback: the optimizer does not tell its learning rate. Pass lrInit, the peak of the first cycle.',
  );
}
