import { between } from './between.ts';
import { toSteps, type Budget } from './budget.ts';
import { checkFunction, checkNotNegative, checkPositive, refuse, refuseStep } from './check.ts';
import { cosine } from './curves.ts';
import { checkOptions } from './options.ts';
import type { Curve, Schedule } from './schedule.ts';

const where = 'warmupStableDecay';

export type WarmupStableDecayOptions = Budget & {
  readonly lrMax: number;
  /** What the decay falls towards. Default 0. */
  readonly lrMin?: number;
  /** Length of the rise from 0, in the unit of the budget: a whole number of steps. Default 0. */
  readonly warmup?: number;
  /** Length of the fall at the end, in the unit of the budget: a whole number of steps. */
  readonly decay: number;
  /** Shape of the fall. Default `cosine`. */
  readonly curve?: Curve;
};

/**
 * A rise to `lrMax`, a plateau, and a fall at the end: what was trained on the plateau serves any budget. Hu et al. 2024
 * (MiniCPM), eq. 1; with `cosine` that of Hugging Face `get_wsd_schedule`. Steps are in `[0, totalSteps)`.
 */
export function warmupStableDecay(options: WarmupStableDecayOptions): Schedule {
  checkOptions(where, options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    lrMax: true,
    lrMin: true,
    warmup: true,
    decay: true,
    curve: true,
  });
  const { totalSteps, stepsPerUnit } = toSteps(where, options);
  const lrMax = checkPositive(where, 'lrMax', options.lrMax);
  const lrMin = checkNotNegative(where, 'lrMin', options.lrMin ?? 0);
  if (lrMin > lrMax) refuse(where, 'lrMin', lrMin, `at most lrMax, ${lrMax}`);
  const warmup = wholeSteps('warmup', options.warmup ?? 0, stepsPerUnit);
  const decay = wholeSteps('decay', options.decay, stepsPerUnit);
  if (warmup + decay > totalSteps) {
    refuse(where, 'warmup + decay in steps', warmup + decay, `at most the budget, ${totalSteps}`);
  }
  const curve = checkFunction(where, 'curve', options.curve ?? cosine);
  const fall = totalSteps - decay;
  return (step) => {
    if (!(step >= 0 && step < totalSteps && Number.isInteger(step))) {
      refuseStep(where, step, totalSteps);
    }
    if (step < warmup) return lrMax * (step / warmup);
    return step < fall ? lrMax : between(lrMin, lrMax, curve((step - fall) / decay));
  };
}

function wholeSteps(what: string, length: number, stepsPerUnit: number): number {
  const product = checkNotNegative(where, what, length) * stepsPerUnit;
  const steps = Math.round(product);
  if (Math.abs(product - steps) <= 1e-9 * product) return steps;
  return refuse(where, `${what} in steps`, product, 'a whole number');
}
