import { checkCount, checkFinite, checkSomeRows } from '../check.ts';
import { mean } from '../metrics/classification.ts';
import { seededIntegers } from '../random.ts';

export interface BootstrapOptions {
  /** How often the rows are drawn anew, with replacement. Default 2000. */
  readonly resamples?: number;
  /** Share of such intervals that cover the truth, nominally; in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Of the draws: the same seed, the same interval. Default 1. */
  readonly seed?: number;
}

/** A mean and the interval `[lower, upper]` in which it is likely to lie. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** Percentile bootstrap of the mean of `values`, one per row: Efron and Tibshirani 1993, §13.3. */
export function bootstrapMean(
  values: Float64Array,
  { resamples = 2000, confidence = 0.95, seed = 1 }: BootstrapOptions = {},
): Interval {
  checkSomeRows('bootstrapMean', values.length);
  checkFinite('bootstrapMean', values);
  checkCount('bootstrapMean', 'resamples', resamples, 1, Number.MAX_SAFE_INTEGER);
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`bootstrapMean: confidence is ${confidence}; it must lie in (0, 1).`);
  }
  const random = seededIntegers(seed);
  const rows = values.length;
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += values[random(rows)]!;
    return sum / rows;
  }).sort();
  const tail = (1 - confidence) / 2;
  return { estimate: mean(values), lower: quantile(means, tail), upper: quantile(means, 1 - tail) };
}

/** Linear between order statistics, the sorted values at 0, 1/(n − 1), …, 1. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (at - Math.floor(at)) * (above - below);
}
