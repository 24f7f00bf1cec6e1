import { checkCount, checkFinite, checkSomeRows } from '../check.ts';
import { checkOptions } from '../options.ts';
import { seededIntegers, type RandomInteger } from '../random.ts';
import { studentQuantile } from './student.ts';

export interface IntervalOptions {
  /** How many times the rows are resampled, with replacement. Default 1999. */
  readonly resamples?: number;
  /** Share of such intervals that cover the truth, nominally; in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Seed of the draws: the same seed gives the same interval. Default 1. */
  readonly seed?: number;
}

/** A mean and the interval `[lower, upper]` in which it is likely to lie. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * The mean of `values`, one per independent row, with its interval. Each bound is the farther out of two: that of the
 * bootstrap of Student's t (Efron and Tibshirani 1993, §12.5), which follows skewed values, and that of Student's t, which
 * holds for heavy tails on both sides. Bounds stay within the values. The README has simulated coverages.
 */
export function meanInterval(values: Float64Array, options: IntervalOptions = {}): Interval {
  const where = 'meanInterval';
  checkOptions(where, options, { resamples: true, confidence: true, seed: true });
  const { resamples = 1999, confidence = 0.95, seed = 1 } = options;
  checkSomeRows(where, values.length);
  checkFinite(where, values);
  checkCount(where, 'resamples', resamples, 1, Number.MAX_SAFE_INTEGER);
  checkConfidence(where, confidence);
  const scale = scaleOf(values);
  const scaled = values.map((value) => value / scale);
  const { mean, error } = meanAndError(scaled);
  const estimate = mean * scale;
  if (!(error > 0)) return { estimate, lower: estimate, upper: estimate };
  const tail = (1 - confidence) / 2;
  const ratios = ratiosOfResamples(scaled, mean, resamples, seededIntegers(seed));
  const student = studentQuantile(1 - tail, values.length - 1);
  const below = Math.max(student, quantile(ratios, 1 - tail));
  const above = Math.max(student, -quantile(ratios, tail));
  const [least, most] = rangeOf(values);
  return {
    estimate,
    lower: Math.max(least, (mean - error * below) * scale),
    upper: Math.min(most, (mean + error * above) * scale),
  };
}

/** A power of two near the largest value: what is divided by it keeps its digits, and its squares neither vanish nor overflow. */
function scaleOf(values: Float64Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
}

export function checkConfidence(where: string, confidence: number): void {
  if (confidence > 0 && confidence < 1) return;
  throw new RangeError(`${where}: confidence is ${confidence}; it must lie in (0, 1).`);
}

/** As good as infinite, but differences of such ratios are still numbers. */
const farthest = 1e300;

/** (mean of the resample − mean) / standard error of the resample, sorted. */
function ratiosOfResamples(
  values: Float64Array,
  mean: number,
  resamples: number,
  random: RandomInteger,
): Float64Array {
  const rows = values.length;
  return Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < rows; i++) {
      const away = values[random(rows)]! - mean;
      sum += away;
      squares += away * away;
    }
    const shift = sum / rows;
    const variance = (squares - rows * shift * shift) / (rows - 1);
    // All rows alike: as far out as can be, where they lie beside the mean.
    if (!(variance > 0)) return shift === 0 ? 0 : Math.sign(shift) * farthest;
    return shift / Math.sqrt(variance / rows);
  }).sort();
}

function meanAndError(values: Float64Array): { readonly mean: number; readonly error: number } {
  const rows = values.length;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / rows;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, error: rows < 2 ? 0 : Math.sqrt(squares / (rows - 1) / rows) };
}

function rangeOf(values: Float64Array): readonly [least: number, most: number] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

/** Linear between order statistics, the sorted values at 0, 1/(n − 1), …, 1. */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (at - Math.floor(at)) * (above - below);
}
