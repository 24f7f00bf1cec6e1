import { checkFunction, checkNotNegative, checkOneOf, checkPositive } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkOptions } from '../options.ts';

const where = 'torchCyclicLR';

export interface TorchCyclicLROptions {
  readonly base_lr: number;
  readonly max_lr: number;
  /** Default 2000. */
  readonly step_size_up?: number;
  /** Default `step_size_up`. */
  readonly step_size_down?: number;
  /** Default `'triangular'`. */
  readonly mode?: 'triangular' | 'triangular2' | 'exp_range';
  /** Default 1. */
  readonly gamma?: number;
  /** Instead of `mode`: the scale of cycle 1, 2, … or of step 0, 1, … */
  readonly scale_fn?: (x: number) => number;
  /** What `scale_fn` is called with. Default `'cycle'`. */
  readonly scale_mode?: 'cycle' | 'iterations';
}

/** PyTorch `CyclicLR`, without its cycling of the momentum. */
export function torchCyclicLR(options: TorchCyclicLROptions): Schedule {
  checkOptions(where, options, {
    base_lr: true,
    max_lr: true,
    step_size_up: true,
    step_size_down: true,
    mode: true,
    gamma: true,
    scale_fn: true,
    scale_mode: true,
  });
  const base_lr = checkNotNegative(where, 'base_lr', options.base_lr);
  const max_lr = checkPositive(where, 'max_lr', options.max_lr);
  const up = checkPositive(where, 'step_size_up', options.step_size_up ?? 2000);
  const total = up + checkPositive(where, 'step_size_down', options.step_size_down ?? up);
  const ratio = up / total;
  const scaleAt = scaleOf(options);
  return (step) => {
    checkNotNegative(where, 'step', step);
    const cycle = Math.floor(1 + step / total);
    const x = 1 + step / total - cycle;
    const height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    return base_lr + (max_lr - base_lr) * height * scaleAt(cycle, step);
  };
}

function scaleOf(options: TorchCyclicLROptions): (cycle: number, step: number) => number {
  const { mode = 'triangular', scale_fn, scale_mode = 'cycle' } = options;
  const gamma = checkPositive(where, 'gamma', options.gamma ?? 1);
  checkOneOf(where, 'mode', mode, ['triangular', 'triangular2', 'exp_range']);
  checkOneOf(where, 'scale_mode', scale_mode, ['cycle', 'iterations']);
  if (scale_fn !== undefined) {
    checkFunction(where, 'scale_fn', scale_fn);
    return (cycle, step) => scale_fn(scale_mode === 'cycle' ? cycle : step);
  }
  if (mode === 'triangular2') return (cycle) => 1 / 2 ** (cycle - 1);
  return mode === 'exp_range' ? (_, step) => gamma ** step : () => 1;
}
