import { checkNotNegative, checkPositive, refuse } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkRestarts, geometricIndex, type Restarts } from './geometric.ts';
import { log } from './log.ts';
import { checkOptions } from '../options.ts';

export interface KerasCosineDecayOptions {
  readonly initial_learning_rate: number;
  /** Steps of the decay, which come after `warmup_steps`. */
  readonly decay_steps: number;
  /** The floor as a fraction of the peak, in [0, 1]. Default 0. */
  readonly alpha?: number;
  /** Peak after the warm-up. Default: no warm-up, whatever `warmup_steps` says. */
  readonly warmup_target?: number;
  /** Default 0. */
  readonly warmup_steps?: number;
}

/** Keras 3 `CosineDecay`, in double precision. Stays at its floor after the decay. */
export function kerasCosineDecay(options: KerasCosineDecayOptions): Schedule {
  const where = 'kerasCosineDecay';
  checkOptions(where, options, {
    initial_learning_rate: true,
    decay_steps: true,
    alpha: true,
    warmup_target: true,
    warmup_steps: true,
  });
  const initial = checkNotNegative(where, 'initial_learning_rate', options.initial_learning_rate);
  const decay = checkPositive(where, 'decay_steps', options.decay_steps);
  const alpha = checkAlpha(where, options.alpha);
  const target = checkNotNegative(where, 'warmup_target', options.warmup_target ?? initial);
  const steps = checkNotNegative(where, 'warmup_steps', options.warmup_steps ?? 0);
  const warmup = options.warmup_target === undefined ? 0 : steps;
  return (step) => {
    checkNotNegative(where, 'step', step);
    if (step < warmup) return (target - initial) * (step / warmup) + initial;
    const fraction = Math.min(step - warmup, decay) / decay;
    return target * ((1 - alpha) * (0.5 * (1 + Math.cos(Math.PI * fraction))) + alpha);
  };
}

export interface KerasCosineDecayRestartsOptions extends Restarts {
  readonly initial_learning_rate: number;
  readonly first_decay_steps: number;
  /** Default 2. */
  readonly t_mul?: number;
  /** Default 1. */
  readonly m_mul?: number;
  /** The floor as a fraction of `initial_learning_rate`, the same for all cycles, in [0, 1]. Default 0. */
  readonly alpha?: number;
}

/**
 * Keras 3 `CosineDecayRestarts`, in double precision. The peak of cycle i is
 * `initial_learning_rate · ((1 − alpha) · m_mulⁱ + alpha)`. With `restarts: 'original'` the cycle is found as Keras
 * finds it in float32, which for `t_mul` 1.2 misses most exact restarts.
 */
export function kerasCosineDecayRestarts(options: KerasCosineDecayRestartsOptions): Schedule {
  const where = 'kerasCosineDecayRestarts';
  checkOptions(where, options, {
    initial_learning_rate: true,
    first_decay_steps: true,
    t_mul: true,
    m_mul: true,
    alpha: true,
    restarts: true,
  });
  const initial = checkNotNegative(where, 'initial_learning_rate', options.initial_learning_rate);
  const first = checkPositive(where, 'first_decay_steps', options.first_decay_steps);
  const t_mul = checkPositive(where, 't_mul', options.t_mul ?? 2);
  const m_mul = checkPositive(where, 'm_mul', options.m_mul ?? 1);
  const alpha = checkAlpha(where, options.alpha);
  const isExact = checkRestarts(where, options);
  return (step) => {
    checkNotNegative(where, 'step', step);
    const index =
      isExact || t_mul === 1
        ? geometricIndex(where, step, first, t_mul)
        : float32Index(step, first, t_mul);
    const passed = t_mul === 1 ? index : (1 - t_mul ** index) / (1 - t_mul);
    const fraction = (step / first - passed) / t_mul ** index;
    const decayed = 0.5 * m_mul ** index * (1 + Math.cos(Math.PI * fraction));
    return initial * ((1 - alpha) * decayed + alpha);
  };
}

/** ⌊log(1 − s (1 − t_mul)) / log t_mul⌋ with every operation rounded to float32. */
function float32Index(step: number, first: number, t_mul: number): number {
  const f = Math.fround;
  const multiplier = f(t_mul);
  const fraction = f(f(step) / f(first));
  const grown = f(1 - f(fraction * f(1 - multiplier)));
  return Math.floor(f(f(log(grown)) / f(log(multiplier))));
}

function checkAlpha(where: string, alpha = 0): number {
  return alpha >= 0 && alpha <= 1 ? alpha : refuse(where, 'alpha', alpha, 'in [0, 1]');
}
