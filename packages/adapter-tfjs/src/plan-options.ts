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
  /** Peak of the first cycle. Default: the learning rate the optimizer was compiled with. */
  readonly lrInit?: number;
  /** Floor of the first cycle. Default 0. */
  readonly lrMin?: number;
  /** Ratio of successive peaks. Default 1. */
  readonly lrMultiplier?: number;
}

/** Exactly this many cycles over the whole run: Huang et al. 2017. */
export interface EqualCyclesPlan extends AnnealingOptions {
  /** Default 5, or as many as have two steps in a shorter run. */
  readonly cycles?: number;
  readonly cycleLength?: never;
  readonly cycleLengthMultiplier?: never;
}

/** Growing cycles, under the names of the Python library `snapshot-ensemble`; its defaults are `pythonDefaults`. */
export interface GrowingCyclesPlan extends AnnealingOptions {
  readonly cycles?: never;
  /** Epochs of the first cycle. */
  readonly cycleLength: number;
  /** Ratio of successive cycle lengths. Default 1. */
  readonly cycleLengthMultiplier?: number;
}

/** A plan of cycles, and the schedule of its learning rate. */
export interface PlannedRun {
  readonly plan: CyclePlan;
  readonly schedule: Schedule;
}

/** Any plan and schedule, made when the extent of the run is known. */
export interface OwnPlan {
  readonly planOf: (run: RunExtent) => PlannedRun;
}

export type PlanOptions = EqualCyclesPlan | GrowingCyclesPlan | OwnPlan;

/**
 * The defaults of the Python library `snapshot-ensemble` 1.0.0, its ten newest snapshots included: spread them into the
 * options, `{ ...pythonDefaults, lrInit: 0.1 }`. The floor falls with the peaks.
 */
export const pythonDefaults = {
  cycleLength: 10,
  cycleLengthMultiplier: 1.5,
  lrInit: 0.01,
  lrMin: 1e-6,
  lrMultiplier: 0.9,
  ensembleOptions: { numSnapshots: 10 },
} as const;

/** Enough for an ensemble, few enough that each cycle anneals far: Huang et al. 2017, section 4, take 5 or 6. */
const defaultCycles = 5;
/** A cycle of one step is all restart: it has nothing to anneal. */
const shortestCycle = 2;

/** Plan and schedule of a run. */
export function planRun(
  options: PlanOptions,
  run: RunExtent,
  optimizerRate: number | undefined,
): PlannedRun {
  if ('planOf' in options) return options.planOf(run);
  const { lrInit = optimizerRate, lrMin = 0, lrMultiplier = 1, curve } = options;
  if (lrInit === undefined) throw noRate();
  const plan = planOf(options, run);
  // As in the Python library the floor falls with the peaks, where its cycles are asked for.
  const lrMinMultiplier = options.cycleLength === undefined ? 1 : lrMultiplier;
  return {
    plan,
    schedule: anneal(plan, {
      ...{ lrInit, lrMin, lrMultiplier, lrMinMultiplier },
      ...(curve && { curve }),
    }),
  };
}

function planOf(
  options: EqualCyclesPlan | GrowingCyclesPlan,
  { totalSteps, stepsPerEpoch }: RunExtent,
): CyclePlan {
  if (options.cycleLength === undefined) {
    const most = Math.max(1, Math.floor(totalSteps / shortestCycle));
    return equalCycles({ totalSteps, cycles: options.cycles ?? Math.min(defaultCycles, most) });
  }
  const { cycleLength, cycleLengthMultiplier = 1 } = options;
  return growingCycles({
    ...{ totalEpochs: totalSteps / stepsPerEpoch, stepsPerEpoch },
    ...{ cycleLength, cycleLengthMultiplier },
  });
}

/** Refuses plans that cannot be both, and parts of one that is not asked for. */
export function checkPlanOptions(where: string, options: PlanOptions): void {
  const { planOf, cycles, cycleLength, cycleLengthMultiplier, ...rest } = options as Partial<
    Record<keyof EqualCyclesPlan | keyof GrowingCyclesPlan | keyof OwnPlan, unknown>
  >;
  const { lrInit, lrMin, lrMultiplier, curve } = rest;
  const given = { cycles, cycleLength, cycleLengthMultiplier, lrInit, lrMin, lrMultiplier, curve };
  const beside = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (planOf !== undefined && beside !== undefined) {
    throw new RangeError(
      `${where}: planOf makes the whole plan, so "${beside}" would have no effect. Leave one of them out.`,
    );
  }
  if (cycles !== undefined && (cycleLength ?? cycleLengthMultiplier) !== undefined) {
    throw new RangeError(
      `${where}: cycles makes equal cycles, cycleLength growing ones. Pass one of the two.`,
    );
  }
  if (cycleLengthMultiplier !== undefined && cycleLength === undefined) {
    throw new RangeError(
      `${where}: cycleLengthMultiplier needs cycleLength, the epochs of the first cycle. The Python library's are in ...pythonDefaults.`,
    );
  }
}

function noRate(): RangeError {
  return new RangeError(
    'snapshotEnsembleCallback: the optimizer does not expose its learning rate. Pass lrInit, the peak of the first cycle.',
  );
}
