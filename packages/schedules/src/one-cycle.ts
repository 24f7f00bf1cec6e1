import { toSteps, type Budget } from './budget.ts';
import { checkFunction, checkNotNegative, checkPositive, refuse, refuseStep } from './check.ts';
import { between } from './between.ts';
import { cosine } from './curves.ts';
import type { Curve, Schedule } from './schedule.ts';
import { checkOptions } from './options.ts';

const where = 'oneCycle';

export type OneCycleOptions = Budget & {
  readonly lrMax: number;
  /** Learning rate at step 0. Default `lrMax / 25`. */
  readonly lrStart?: number;
  /** Learning rate at the last step. Default `lrStart / 10 000`. */
  readonly lrEnd?: number;
  /** Share of the budget in which the learning rate rises, in (0, 1). Default 0.3. */
  readonly rise?: number;
  /** Shape of both halves. Default `cosine`. */
  readonly curve?: Curve;
};

/** One rise to `lrMax` and one fall far below the start. Smith & Topin 2018, "Super-Convergence". */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkOptions(where, options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    lrMax: true,
    lrStart: true,
    lrEnd: true,
    rise: true,
    curve: true,
  });
  const { totalSteps } = toSteps(where, options);
  const lrMax = checkPositive(where, 'lrMax', options.lrMax);
  const lrStart = checkNotNegative(where, 'lrStart', options.lrStart ?? lrMax / 25);
  const lrEnd = checkNotNegative(where, 'lrEnd', options.lrEnd ?? lrStart / 10_000);
  for (const [what, value] of Object.entries({ lrStart, lrEnd })) {
    if (value > lrMax) refuse(where, what, value, `at most lrMax, ${lrMax}`);
  }
  const { rise = 0.3, curve = cosine } = options;
  if (!(rise > 0 && rise < 1)) refuse(where, 'rise', rise, 'in (0, 1)');
  checkFunction(where, 'curve', curve);
  const last = totalSteps - 1;
  const peak = Math.round(rise * last);
  return (step) => {
    if (!(step >= 0 && step <= last && Number.isInteger(step))) refuseStep(where, step, totalSteps);
    return step < peak
      ? between(lrStart, lrMax, 1 - curve(step / peak))
      : between(lrEnd, lrMax, curve((step - peak) / Math.max(1, last - peak)));
  };
}
