import {
  checkCount,
  checkNotNegative,
  checkOneOf,
  checkPositive,
  checkStep,
  refuse,
} from './check.ts';
import type { Schedule } from './schedule.ts';
import { checkOptions } from './options.ts';

const where = 'triangular';

export interface TriangularOptions {
  readonly lrMin: number;
  readonly lrMax: number;
  /** Steps of the rise. */
  readonly stepsUp: number;
  /** Steps of the fall. Default `stepsUp`. */
  readonly stepsDown?: number;
  /** Where step 0 stands: at the foot of a rise, as in Smith 2017, or at the top, as in FGE. Default `'lrMin'`. */
  readonly startAt?: 'lrMin' | 'lrMax';
  /** Ratio of successive peaks' heights above `lrMin`: ½ is Smith's triangular2. Default 1. */
  readonly heightMultiplier?: number;
  /** Ratio of the height from one step to the next: Smith's exp_range. Default 1. */
  readonly heightMultiplierPerStep?: number;
}

/** Up and down between `lrMin` and `lrMax` without end. Smith 2017, "Cyclical Learning Rates". */
export function triangular(options: TriangularOptions): Schedule {
  checkOptions(where, options, {
    lrMin: true,
    lrMax: true,
    stepsUp: true,
    stepsDown: true,
    startAt: true,
    heightMultiplier: true,
    heightMultiplierPerStep: true,
  });
  const lrMax = checkPositive(where, 'lrMax', options.lrMax);
  const lrMin = checkNotNegative(where, 'lrMin', options.lrMin);
  if (lrMin > lrMax) refuse(where, 'lrMin', lrMin, `at most lrMax, ${lrMax}`);
  const up = checkCount(where, 'stepsUp', options.stepsUp);
  const down = checkCount(where, 'stepsDown', options.stepsDown ?? up);
  const perCycle = checkRatio('heightMultiplier', options.heightMultiplier);
  const perStep = checkRatio('heightMultiplierPerStep', options.heightMultiplierPerStep);
  const startAt = checkOneOf(where, 'startAt', options.startAt ?? 'lrMin', ['lrMin', 'lrMax']);
  const offset = startAt === 'lrMax' ? up : 0;
  return (step) => {
    const position = checkStep(where, step) + offset;
    const k = position % (up + down);
    const height = k < up ? k / up : (up + down - k) / down;
    const cycle = (position - k) / (up + down);
    return lrMin + (lrMax - lrMin) * height * perCycle ** cycle * perStep ** step;
  };
}

function checkRatio(what: string, ratio = 1): number {
  return checkPositive(where, what, ratio) <= 1 ? ratio : refuse(where, what, ratio, 'in (0, 1]');
}
