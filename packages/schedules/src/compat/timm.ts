import { checkCount, checkNotNegative, checkPositive, checkStep } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkRestarts, geometricIndex, type Restarts } from './geometric.ts';
import { log } from './log.ts';
import { checkOptions } from '../options.ts';

const where = 'timmCosine';

export interface TimmCosineOptions extends Restarts {
  /** The optimizer's learning rate. */
  readonly lr: number;
  readonly t_initial: number;
  /** Default 0. */
  readonly lr_min?: number;
  /** Default 1. */
  readonly cycle_mul?: number;
  /** Default 1. */
  readonly cycle_decay?: number;
  /** Cycles before the learning rate stays at `lr_min`. Default 1: no restart at all. */
  readonly cycle_limit?: number;
  /** Default 0. */
  readonly warmup_t?: number;
  /** Default 0. */
  readonly warmup_lr_init?: number;
  /** Whether cycles begin after the warm-up; otherwise it covers the first one's start, with a jump. Default false. */
  readonly warmup_prefix?: boolean;
  /** Default 1. */
  readonly k_decay?: number;
}

/**
 * timm `CosineLRScheduler`, without its noise. With `restarts: 'original'` it finds the cycle by a logarithm, which
 * for `cycle_mul` 3.0 gives 0 instead of the peak at some exact restarts.
 */
export function timmCosine(options: TimmCosineOptions): Schedule {
  checkOptions(where, options, {
    lr: true,
    t_initial: true,
    lr_min: true,
    cycle_mul: true,
    cycle_decay: true,
    cycle_limit: true,
    warmup_t: true,
    warmup_lr_init: true,
    warmup_prefix: true,
    k_decay: true,
    restarts: true,
  });
  const lr = checkPositive(where, 'lr', options.lr);
  const t_initial = checkCount(where, 't_initial', options.t_initial);
  const lr_min = checkNotNegative(where, 'lr_min', options.lr_min ?? 0);
  const cycle_mul = checkPositive(where, 'cycle_mul', options.cycle_mul ?? 1);
  const cycle_decay = checkPositive(where, 'cycle_decay', options.cycle_decay ?? 1);
  const cycle_limit = checkCount(where, 'cycle_limit', options.cycle_limit ?? 1);
  const warmup_t = checkStep(where, options.warmup_t ?? 0, 'warmup_t');
  const warmup_lr_init = checkNotNegative(where, 'warmup_lr_init', options.warmup_lr_init ?? 0);
  const k = checkPositive(where, 'k_decay', options.k_decay ?? 1);
  const indexOf = indexFinder(t_initial, cycle_mul, checkRestarts(where, options));
  return (step) => {
    checkNotNegative(where, 'step', step);
    if (step < warmup_t) return warmup_lr_init + step * ((lr - warmup_lr_init) / warmup_t);
    const t = options.warmup_prefix === true ? step - warmup_t : step;
    const i = indexOf(t);
    if (i >= cycle_limit) return lr_min;
    const t_i = cycle_mul ** i * t_initial;
    const passed = cycle_mul === 1 ? i : (1 - cycle_mul ** i) / (1 - cycle_mul);
    // Rounding can put an exact restart a hair before 0, where a fractional power has no value.
    const t_curr = Math.max(0, t - passed * t_initial);
    const lr_max = lr * cycle_decay ** i;
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + Math.cos((Math.PI * t_curr ** k) / t_i ** k));
  };
}

function indexFinder(
  t_initial: number,
  cycle_mul: number,
  isExact: boolean,
): (t: number) => number {
  if (isExact || cycle_mul === 1) return (t) => geometricIndex(where, t, t_initial, cycle_mul);
  return (t) => Math.floor(log(1 - (t / t_initial) * (1 - cycle_mul)) / log(cycle_mul));
}
