import { checkCount, checkSomeRows } from '../check.ts';
import { asClasses, checkKindLabels, checkValues, isTwoSided } from '../kinds.ts';
import { errorLosses, mean, type MetricOptions, nllLosses } from '../metrics/classification.ts';
import { seededIntegers, shuffled } from '../random.ts';
import { gatherRows, pick, type Labels, type Outputs } from '../shapes.ts';
import { checkOptions } from '../options.ts';
import { safeLog } from '../softmax.ts';
import { applyTemperature } from './temperature.ts';

/** 1 / T of a temperature in [0.01, 100]: rows that are all right (or worse than guessing) would send it to ∞ (or 0). */
const inverseRange = { low: 0.01, high: 100 };

/**
 * Before any row is seen, ln T is taken to be normal with standard deviation ½: two of three temperatures within 0.6 and
 * 1.65. Ten rows hardly move it, a thousand forget it. Without it ten rows may cost 0.7 nats on each new one.
 */
const priorPrecision = 4;

/**
 * The temperature to use: the likeliest one given these pooled probabilities (pool, then calibrate: Rahaman and Thiery
 * 2021) and that temperatures are near 1 if nothing else is known; 1 where the rows do not justify another, because the
 * outputs make no error on them or because the NLL falls to the end of `[0.01, 100]`.
 */
export function fitTemperature(
  outputs: Outputs,
  labels: Labels,
  options: MetricOptions = {},
): number {
  checkOptions('fitTemperature', options, { kind: true });
  const slopeAt = slopeOf(outputs, labels, options);
  const farthest = rootOfSlope(slopeAt, inverseRange);
  const isAtBound = farthest <= inverseRange.low || farthest >= inverseRange.high;
  if (farthest === 1 || isAtBound) return 1;
  if (errorLosses(outputs, labels, options).every((error) => error === 0)) return 1;
  const pull = priorPrecision / outputs.rows;
  // d/du of NLL(eᵘ) + pull · u² / 2, with u = ln(1/T).
  const logInverse = rootBetween(0, Math.log(farthest), (u) => {
    const inverse = Math.exp(u);
    return inverse * slopeAt(inverse).slope + pull * u;
  });
  return Math.exp(-logInverse);
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
  return 1 / rootOfSlope(slopeOf(outputs, labels, { kind }), inverseRange);
}

function slopeOf(
  outputs: Outputs,
  labels: Labels,
  { kind = 'probabilities' }: MetricOptions,
): (inverse: number) => Slope {
  checkValues('fitTemperature', kind, outputs);
  checkSomeRows('fitTemperature', outputs.rows);
  checkKindLabels('fitTemperature', kind, labels, outputs);
  const { data, rows, classes } = asClasses(kind, outputs);
  const logs = Float64Array.from(data, safeLog);
  return (inverse) => nllSlope({ data: logs, rows, classes }, labels, inverse);
}

export interface CrossValidatedTemperature {
  /** With the least NLL on all rows. */
  readonly temperature: number;
  /** With the least NLL on the rows outside of each fold. */
  readonly foldTemperatures: readonly number[];
  /** NLL in nats of every row at the temperature fitted without its fold: an honest calibrated NLL. */
  readonly nll: number;
  /** NLL in nats at temperature 1. */
  readonly nllBefore: number;
}

export interface CrossValidationOptions extends MetricOptions {
  /** Default 5. */
  readonly folds?: number;
  /** Seed of the shuffle that makes the folds. Default 1. */
  readonly seed?: number;
}

const defaultFolds = 5;

/** Fits the temperature and says what it is worth on rows it has not seen. Ashukha et al. 2020, §3. */
export function crossValidateTemperature(
  outputs: Outputs,
  labels: Labels,
  options: CrossValidationOptions = {},
): CrossValidatedTemperature {
  checkOptions('crossValidateTemperature', options, { kind: true, folds: true, seed: true });
  const { kind = 'probabilities', folds = defaultFolds, seed = 1 } = options;
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

/** A root between two places of different sign: regula falsi as improved by Dowell and Jarratt 1971 (Illinois). */
function rootBetween(from: number, to: number, valueAt: (at: number) => number): number {
  let [a, b] = [from, to];
  let [atA, atB] = [valueAt(a), valueAt(b)];
  for (let step = 0; step < maxSteps && Math.abs(b - a) > 1e-12; step++) {
    const next = b - (atB * (b - a)) / (atB - atA);
    const value = valueAt(next);
    if (value === 0) return next;
    if (value < 0 !== atB < 0) [a, atA] = [b, atB];
    else atA /= 2;
    [b, atB] = [next, value];
  }
  return b;
}
