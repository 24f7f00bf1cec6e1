import { toSteps, type Budget } from './budget.ts';
import { refuse } from './check.ts';
import { planOf } from './plan.ts';
import type { PlannedSchedule } from './schedule.ts';
import { triangular } from './triangular.ts';
import { checkOptions } from './options.ts';

const where = 'fastGeometric';

export type FastGeometricOptions = Budget & {
  /** From one peak to the next, in the unit of the budget: an even number of steps. */
  readonly cycleLength: number;
  readonly lrMax: number;
  readonly lrMin: number;
};

/**
 * Fast geometric ensembling (Garipov et al. 2018, eq. 3): triangles that start at `lrMax`, with a snapshot before each
 * minimum, half a cycle after each peak. Meant for the last fifth of a budget, after ordinary training.
 */
export function fastGeometric(options: FastGeometricOptions): PlannedSchedule {
  checkOptions(where, options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    cycleLength: true,
    lrMax: true,
    lrMin: true,
  });
  const { totalSteps, stepsPerUnit } = toSteps(where, options);
  const { cycleLength, lrMax, lrMin } = options;
  const half = (cycleLength * stepsPerUnit) / 2;
  if (!(half > 0 && Number.isSafeInteger(half))) {
    refuse(where, 'cycleLength', cycleLength, 'a positive even number of steps');
  }
  if (totalSteps % half !== 0 || (totalSteps / half) % 2 === 0) {
    refuse(
      where,
      'the budget in steps',
      totalSteps,
      `an odd multiple of ${half}: it ends at a minimum`,
    );
  }
  const snapshots = (totalSteps / half + 1) / 2;
  return {
    plan: planOf(Array.from({ length: snapshots }, (_, index) => (2 * index + 1) * half)),
    schedule: triangular({ lrMin, lrMax, stepsUp: half, startAt: 'lrMax' }),
  };
}
