import { meanInterval } from '../src/evaluate/interval.ts';
import { seededIntegers, type RandomInteger } from '../src/random.ts';

/** A distribution with mean 0. */
export type Distribution = (draw: RandomInteger) => number;

const uniform = (draw: RandomInteger): number => (draw(2 ** 32) + 0.5) / 2 ** 32;

/** Box and Muller 1958. */
function normal(draw: RandomInteger): number {
  return Math.sqrt(-2 * Math.log(uniform(draw))) * Math.cos(2 * Math.PI * uniform(draw));
}

/** Two losses of one row, each lognormal with σ = 1, 0.8 correlated in their logs: what an NLL difference is like. */
function difference(draw: RandomInteger): number {
  const shared = Math.sqrt(0.8) * normal(draw);
  const own = (): number => Math.exp(shared + Math.sqrt(0.2) * normal(draw));
  return own() - own();
}

export const distributions = {
  normal,
  lognormal: (draw) => Math.exp(normal(draw)) - Math.exp(0.5),
  'minus lognormal': (draw) => Math.exp(0.5) - Math.exp(normal(draw)),
  difference,
} as const satisfies Record<string, Distribution>;

export interface CoverageOptions {
  readonly rows: number;
  readonly repetitions: number;
  readonly resamples?: number;
  readonly confidence?: number;
}

/** Share of intervals of samples of `rows` values that hold the mean, 0. */
export function coverageOf(
  distribution: Distribution,
  { rows, repetitions, resamples = 999, confidence = 0.95 }: CoverageOptions,
): number {
  let covered = 0;
  for (let seed = 1; seed <= repetitions; seed++) {
    const draw = seededIntegers(seed);
    const values = Float64Array.from({ length: rows }, () => distribution(draw));
    const { lower, upper } = meanInterval(values, { seed, resamples, confidence });
    if (lower <= 0 && upper >= 0) covered++;
  }
  return covered / repetitions;
}
