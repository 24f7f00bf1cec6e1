import { checkNotNegative, checkPositive, checkStep } from './check.ts';
import { checkOptions } from './options.ts';
import type { Schedule } from './schedule.ts';

const where = 'inverseSquareRoot';

export interface InverseSquareRootOptions {
  /** Learning rate at the end of the warm-up. */
  readonly lrMax: number;
  /** Steps of the rise from 0. */
  readonly warmupSteps: number;
  /** Steps after the peak in which the learning rate falls to lrMax / √2. Default `warmupSteps`. */
  readonly timescale?: number;
}

/**
 * A rise in a straight line, then lrMax · √(timescale / (step − warmupSteps + timescale)), for any number of steps. Vaswani
 * et al. 2017, eq. 3; Hugging Face `get_inverse_sqrt_schedule`.
 */
export function inverseSquareRoot(options: InverseSquareRootOptions): Schedule {
  checkOptions(where, options, { lrMax: true, warmupSteps: true, timescale: true });
  const lrMax = checkNotNegative(where, 'lrMax', options.lrMax);
  const warmup = checkStep(where, options.warmupSteps, 'warmupSteps');
  const timescale = checkPositive(where, 'timescale', options.timescale ?? warmup);
  return (step) => {
    if (checkStep(where, step) < warmup) return lrMax * (step / warmup);
    return lrMax * Math.sqrt(timescale / (step - warmup + timescale));
  };
}
