import { checkCount, checkSomeRows } from '../check.ts';
import { asClasses, checkKindLabels, checkValues, isTwoSided } from '../kinds.ts';
import { errorLosses, mean, type MetricOptions, nllLosses } from '../metrics/classification.ts';
import { seededIntegers, shuffled } from '../random.ts';
import { gatherRows, pick, type Labels, type Outputs } from '../shapes.ts';
import { safeLog } from '../softmax.ts';
import { applyTemperature } from './temperature.ts';

/** Bounds of a fitted temperature: rows that are all right (or worse than guessing) would send it to 0 (or ∞). */
const temperatureRange: { readonly min: number; readonly max: number } = {
  min: 0.01,
  max: 100,
};

/**
 * The temperature to use: the one with the least NLL on these pooled probabilities (pool, then calibrate: Rahaman and
 * Thiery 2021), or 1 where they do not speak for any: nothing is wrong in them, the NLL falls to the end of
 * `[0.01, 100]`, or temperatures fitted on four fifths of the rows do not lower the NLL of the others.
 */
export function fitTemperature(
  outputs: Outputs,
  labels: Labels,
  options: MetricOptions = {},
): number {
  const temperature = leastNllTemperature(outputs, labels, options);
  const isAtBound = temperature <= temperatureRange.min || temperature >= temperatureRange.max;
  if (temperature === 1 || isAtBound || outputs.rows < 2) return 1;
  if (errorLosses(outputs, labels, options).every((error) => error === 0)) return 1;
  const folds = Math.min(defaultFolds, outputs.rows);
  const { nll, nllBefore } = crossValidateTemperature(outputs, labels, { ...options, folds });
  return nll < nllBefore ? temperature : 1;
}

/**
 * The temperature in `[0.01, 100]` with the least NLL. The NLL is convex in 1 / temperature; found by Newton steps kept
 * inside a shrinking bracket.
 */
export function leastNllTemperature(
  outputs: Outputs,
  labels: Labels,
  { kind = 'probabilities' }: MetricOptions = {},
): number {
  checkValues('fitTemperature', kind, outputs);
  checkSomeRows('fitTemperature', outputs.rows);
  checkKindLabels('fitTemperature', kind, labels, outputs);
  const { data, rows, classes } = asClasses(kind, outputs);
  const logs = Float64Array.from(data, safeLog);
  const slopeAt = (inverse: number): Slope =>
    nllSlope({ data: logs, rows, classes }, labels, inverse);
  const range = { low: 1 / temperatureRange.max, high: 1 / temperatureRange.min };
  return 1 / rootOfSlope(slopeAt, range);
}

export interface CrossValidatedTemperature {
  /** With the least NLL on all rows. */
  readonly temperature: number;
  /** With the least NLL on the rows outside of each fold. */
  readonly foldTemperatures: readonly number[];
  /** NLL in nats of every row at the temperature fitted without its fold: the calibrated NLL, honestly. */
  readonly nll: number;
  /** NLL in nats at temperature 1. */
  readonly nllBefore: number;
}

export interface CrossValidationOptions extends MetricOptions {
  /** Default 5. */
  readonly folds?: number;
  /** Of the shuffle that makes the folds. Default 1. */
  readonly seed?: number;
}

const defaultFolds = 5;

/** Fits the temperature and says what it is worth on rows it has not seen. Ashukha et al. 2020, §3. */
export function crossValidateTemperature(
  outputs: Outputs,
  labels: Labels,
  { kind = 'probabilities', folds = defaultFolds, seed = 1 }: CrossValidationOptions = {},
): CrossValidatedTemperature {
  const { rows, classes } = outputs;
  const temperature = leastNllTemperature(outputs, labels, { kind });
  checkCount('crossValidateTemperature', 'folds', folds, 2, rows);
  const width = isTwoSided(kind) ? classes : 1;
  const order = shuffled(rows, seededIntegers(seed));
  let total = 0;
  const foldTemperatures = Array.from({ length: folds }, (_, fold) => {
    const inside = order.filter((_, i) => i % folds === fold);
    const outside = order.filter((_, i) => i % folds !== fold);
    const fitted = leastNllTemperature(gatherRows(outputs, outside), pick(labels, outside, width), {
      kind,
    });
    const held = applyTemperature(gatherRows(outputs, inside), fitted, { kind });
    total += mean(nllLosses(held, pick(labels, inside, width), { kind })) * inside.length;
    return fitted;
  });
  const nllBefore = mean(nllLosses(outputs, labels, { kind }));
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
