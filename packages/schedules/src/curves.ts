import { checkFunction, checkPositive, refuse } from './check.ts';
import type { Curve } from './schedule.ts';

/** ½ (1 + cos πp): slow, fast, slow. Loshchilov & Hutter 2017, eq. 5. */
export const cosine: Curve = (progress) => (1 + Math.cos(Math.PI * progress)) / 2;

/** 1 − p. */
export const linear: Curve = (progress) => 1 - progress;

/** (1 − p)ᵏ with k = `power`. */
export function polynomial(power: number): Curve {
  const exponent = checkPositive('polynomial', 'power', power);
  return (progress) => (1 - progress) ** exponent;
}

/**
 * (rᵖ − r) / (1 − r) with r = `ratio` in (0, 1). With `lrMin = ratio · lrMax` the learning rate is lrMax · rᵖ: the same
 * percentage off at every step.
 */
export function exponential(ratio: number): Curve {
  if (!(checkPositive('exponential', 'ratio', ratio) < 1)) {
    refuse('exponential', 'ratio', ratio, 'between 0 and 1, both excluded');
  }
  return (progress) => (ratio ** progress - ratio) / (1 - ratio);
}

/** From progress `at` on, the learning rate is `factor` of what lies between `lrMin` and `lrMax`. */
export interface Drop {
  /** In (0, 1), growing from drop to drop. */
  readonly at: number;
  /** In [0, 1]. */
  readonly factor: number;
}

/** 1, then the factor of the last drop passed: the staircase of classical training. */
export function stepwise(drops: readonly Drop[]): Curve {
  let previous = 0;
  for (const { at, factor } of drops) {
    if (!(at > previous && at < 1)) {
      refuse('stepwise', 'at', at, `in (${previous}, 1): drops are listed from left to right`);
    }
    if (!(factor >= 0 && factor <= 1)) refuse('stepwise', 'factor', factor, 'in [0, 1]');
    previous = at;
  }
  return (progress) => drops.findLast(({ at }) => at <= progress)?.factor ?? 1;
}

/** `curve(pᵏ)`: above 1, `k` holds the learning rate up for longer. Zhang & Li 2020, "k-decay". */
export function kDecay(k: number, curve: Curve = cosine): Curve {
  const exponent = checkPositive('kDecay', 'k', k);
  checkFunction('kDecay', 'curve', curve);
  return (progress) => curve(progress ** exponent);
}
