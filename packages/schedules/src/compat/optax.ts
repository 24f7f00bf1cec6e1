import {
  checkCount,
  checkList,
  checkNotNegative,
  checkPositive,
  checkStep,
  refuse,
} from '../check.ts';
import { join } from '../join.ts';
import type { Schedule } from '../schedule.ts';
import { checkOptions } from '../options.ts';

export interface OptaxWarmupCosineOptions {
  readonly init_value: number;
  readonly peak_value: number;
  readonly warmup_steps: number;
  /** Steps of warm-up and decay together. */
  readonly decay_steps: number;
  /** Default 0. */
  readonly end_value?: number;
  /** Default 1. */
  readonly exponent?: number;
}

/** optax `warmup_cosine_decay_schedule`. Stays at `end_value` after `decay_steps`. */
export function optaxWarmupCosine(options: OptaxWarmupCosineOptions): Schedule {
  const where = 'optaxWarmupCosine';
  checkOptions(where, options, {
    init_value: true,
    peak_value: true,
    warmup_steps: true,
    decay_steps: true,
    end_value: true,
    exponent: true,
  });
  const init = checkNotNegative(where, 'init_value', options.init_value);
  const peak = checkPositive(where, 'peak_value', options.peak_value);
  const warmup = checkStep(where, options.warmup_steps, 'warmup_steps');
  const decay = checkCount(where, 'decay_steps', options.decay_steps) - warmup;
  if (decay < 1) refuse(where, 'decay_steps', options.decay_steps, `above warmup_steps, ${warmup}`);
  const alpha = checkNotNegative(where, 'end_value', options.end_value ?? 0) / peak;
  const exponent = checkPositive(where, 'exponent', options.exponent ?? 1);
  return (step) => {
    checkStep(where, step);
    if (step < warmup) return (init - peak) * (1 - step / warmup) + peak;
    const count = Math.min(step - warmup, decay);
    const height = (0.5 * (1 + Math.cos((Math.PI * count) / decay))) ** exponent;
    return peak * ((1 - alpha) * height + alpha);
  };
}

/** optax `sgdr_schedule`: one warm-up and cosine decay after the other. The last one stays at its `end_value`. */
export function optaxSgdr(cosine_kwargs: readonly OptaxWarmupCosineOptions[]): Schedule {
  checkList('optaxSgdr', 'cosine_kwargs', cosine_kwargs, 'cycle');
  return join(
    cosine_kwargs.map((kwargs, index) => ({
      schedule: optaxWarmupCosine(kwargs),
      ...(index < cosine_kwargs.length - 1 ? { steps: kwargs.decay_steps } : {}),
    })),
  );
}
