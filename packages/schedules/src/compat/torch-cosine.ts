import { checkCount, checkNotNegative, checkPositive } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkRestarts, geometricIndex, type Restarts } from './geometric.ts';
import { log } from './log.ts';
import { checkOptions } from '../options.ts';

export interface TorchCosineAnnealingLROptions {
  /** The optimizer's learning rate. */
  readonly lr: number;
  readonly T_max: number;
  /** Default 0. */
  readonly eta_min?: number;
}

/**
 * PyTorch `CosineAnnealingLR`, in closed form. It does not restart: past `T_max` the learning rate climbs back up the
 * way it came, with period `2 · T_max`. Takes fractional steps.
 */
export function torchCosineAnnealingLR(options: TorchCosineAnnealingLROptions): Schedule {
  const where = 'torchCosineAnnealingLR';
  checkOptions(where, options, { lr: true, T_max: true, eta_min: true });
  const lr = checkPositive(where, 'lr', options.lr);
  const T_max = checkPositive(where, 'T_max', options.T_max);
  const eta_min = checkNotNegative(where, 'eta_min', options.eta_min ?? 0);
  return (step) => {
    checkNotNegative(where, 'step', step);
    return eta_min + ((lr - eta_min) * (1 + Math.cos((Math.PI * step) / T_max))) / 2;
  };
}

export interface TorchCosineAnnealingWarmRestartsOptions extends Restarts {
  /** The optimizer's learning rate. */
  readonly lr: number;
  readonly T_0: number;
  /** Default 1. PyTorch takes integers only. */
  readonly T_mult?: number;
  /** Default 0. */
  readonly eta_min?: number;
}

/**
 * PyTorch `CosineAnnealingWarmRestarts`. Takes fractional steps, as `step(epoch + i / iters)` does. With `restarts:
 * 'original'` it is `step(epoch)` exactly, which misses exact restarts for `T_mult` 3, 9 and 10.
 */
export function torchCosineAnnealingWarmRestarts(
  options: TorchCosineAnnealingWarmRestartsOptions,
): Schedule {
  const where = 'torchCosineAnnealingWarmRestarts';
  checkOptions(where, options, {
    lr: true,
    T_0: true,
    T_mult: true,
    eta_min: true,
    restarts: true,
  });
  const lr = checkPositive(where, 'lr', options.lr);
  const T_0 = checkCount(where, 'T_0', options.T_0);
  const T_mult = checkCount(where, 'T_mult', options.T_mult ?? 1);
  const eta_min = checkNotNegative(where, 'eta_min', options.eta_min ?? 0);
  const isExact = checkRestarts(where, options);
  return (step) => {
    checkNotNegative(where, 'step', step);
    const n =
      isExact || T_mult === 1
        ? geometricIndex(where, step, T_0, T_mult)
        : Math.floor(log((step / T_0) * (T_mult - 1) + 1) / log(T_mult));
    const T_cur = T_mult === 1 ? step % T_0 : step - (T_0 * (T_mult ** n - 1)) / (T_mult - 1);
    const T_i = T_0 * T_mult ** n;
    return eta_min + ((lr - eta_min) * (1 + Math.cos((Math.PI * T_cur) / T_i))) / 2;
  };
}
