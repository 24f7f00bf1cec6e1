import { checkCount, checkLabels, checkProbabilities } from '../check.ts';
import { mean, nllLosses } from '../metrics/classification.ts';
import { seededIntegers, shuffled } from '../random.ts';
import { gatherRows, pick, type Labels, type Outputs } from '../shapes.ts';
import { safeLog } from '../softmax.ts';
import { applyTemperature } from './temperature.ts';

/** Bounds of a fitted temperature: rows that are all right (or worse than guessing) would send it to 0 (or ∞). */
export const temperatureRange: { readonly min: number; readonly max: number } = {
  min: 0.01,
  max: 100,
};

/**
 * The temperature in `[0.01, 100]` with the least NLL on the pooled probabilities: pool, then calibrate (Rahaman and
 * Thiery 2021). The NLL is convex in 1 / temperature; found by Newton steps kept inside a shrinking bracket.
 */
export function fitTemperature(probabilities: Outputs, labels: Labels): number {
  checkProbabilities('fitTemperature', probabilities);
  const { data, rows, classes } = probabilities;
  checkLabels('fitTemperature', labels, rows, classes);
  const logs = Float64Array.from(data, safeLog);
  const slopeAt = (inverse: number): Slope =>
    nllSlope({ data: logs, rows, classes }, labels, inverse);
  const range = { low: 1 / temperatureRange.max, high: 1 / temperatureRange.min };
  return 1 / rootOfSlope(slopeAt, range);
}

export interface CrossValidatedTemperature {
  /** Fitted on all rows. */
  readonly temperature: number;
  /** Fitted on the rows outside of each fold. */
  readonly foldTemperatures: readonly number[];
  /** NLL in nats of every row at the temperature fitted without its fold: the calibrated NLL, honestly. */
  readonly nll: number;
  /** NLL in nats at temperature 1. */
  readonly nllBefore: number;
}

export interface CrossValidationOptions {
  /** Default 5. */
  readonly folds?: number;
  /** Of the shuffle that makes the folds. Default 1. */
  readonly seed?: number;
}

/** Fits the temperature and says what it is worth on rows it has not seen. Ashukha et al. 2020, §3. */
export function crossValidateTemperature(
  probabilities: Outputs,
  labels: Labels,
  { folds = 5, seed = 1 }: CrossValidationOptions = {},
): CrossValidatedTemperature {
  const { rows } = probabilities;
  const temperature = fitTemperature(probabilities, labels);
  checkCount('crossValidateTemperature', 'folds', folds, 2, rows);
  const order = shuffled(rows, seededIntegers(seed));
  let total = 0;
  const foldTemperatures = Array.from({ length: folds }, (_, fold) => {
    const inside = order.filter((_, i) => i % folds === fold);
    const outside = order.filter((_, i) => i % folds !== fold);
    const fitted = fitTemperature(gatherRows(probabilities, outside), pick(labels, outside));
    const held = applyTemperature(gatherRows(probabilities, inside), fitted);
    total += mean(nllLosses(held, pick(labels, inside))) * inside.length;
    return fitted;
  });
  const nllBefore = mean(nllLosses(probabilities, labels));
  return { temperature, foldTemperatures, nll: total / rows, nllBefore };
}

interface Slope {
  /** d NLL / d(1/T): mean over rows of E[ln p] − ln p(label), the expectation under the tempered row. */
  readonly slope: number;
  /** Its derivative: the mean variance of ln p, ≥ 0. */
  readonly curvature: number;
}

function nllSlope(logs: Outputs, labels: Labels, inverse: number): Slope {
  const { data, rows, classes } = logs;
  let slope = 0;
  let curvature = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    let max = -Infinity;
    for (let i = start; i < start + classes; i++) if (data[i]! > max) max = data[i]!;
    let [sum, first, second] = [0, 0, 0];
    for (let i = start; i < start + classes; i++) {
      const shifted = data[i]! - max;
      const weight = Math.exp(inverse * shifted);
      sum += weight;
      first += weight * shifted;
      second += weight * shifted * shifted;
    }
    const expected = first / sum;
    slope += expected - (data[start + labels[row]!]! - max);
    curvature += second / sum - expected * expected;
  }
  return { slope: slope / rows, curvature: curvature / rows };
}

const maxSteps = 200;

function rootOfSlope(
  slopeAt: (inverse: number) => Slope,
  { low, high }: { low: number; high: number },
): number {
  // A flat NLL (one class, or uniform rows) has nothing to say: leave the probabilities as they are.
  if (slopeAt(1).slope === 0) return 1;
  if (slopeAt(low).slope >= 0) return low;
  if (slopeAt(high).slope <= 0) return high;
  let inverse = 1;
  for (let step = 0; step < maxSteps; step++) {
    const { slope, curvature } = slopeAt(inverse);
    if (slope < 0) low = inverse;
    else high = inverse;
    const newton = inverse - slope / curvature;
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    if (Math.abs(next - inverse) <= Number.EPSILON * 4 * inverse) return next;
    inverse = next;
  }
  return inverse;
}
