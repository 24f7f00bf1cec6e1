import { checkLength, checkOutputs } from '../check.ts';
import { asClasses, checkValues } from '../kinds.ts';
import type { ConformalPolicy } from '../policy.ts';
import type { Floats, Outputs } from '../shapes.ts';

/**
 * Which classes belong to each row's prediction set: `[rows, classes]`, 1 for in and 0 for out. A binary output has the
 * classes 0 and 1.
 */
export interface PredictionSets {
  readonly data: Uint8Array;
  readonly rows: number;
  readonly classes: number;
}

/** The interval `[lower, upper]` of each output of each row: `[rows, classes]` each. */
export interface PredictionIntervals {
  readonly lower: Outputs;
  readonly upper: Outputs;
}

export interface PredictionSetOptions {
  /** What the values are. Default `'probabilities'`; others must be stated. */
  readonly kind?: 'probabilities' | 'binary';
}

/**
 * Every class for which enough probability speaks: at least 1 − its threshold, of
 *
 * - `split`: the class itself, p. Sadinle et al. 2019, whose score is 1 − p.
 * - `aps`: the classes less likely than it by more than a share of 2⁻¹⁶ of its p, all together. Romano et al. 2020, whose
 *   score is what is left of 1, without randomisation.
 *
 * A set may be empty: no class is plausible at this alpha. Small probabilities have all their digits in float32, 1 less
 * them has not; so it is these that are compared.
 */
export function predictionSets(
  outputs: Outputs,
  conformal: ConformalPolicy,
  { kind = 'probabilities' }: PredictionSetOptions = {},
): PredictionSets {
  checkValues('predictionSets', kind, outputs);
  const { data, rows, classes } = asClasses(kind, outputs);
  const { threshold, classThresholds } = conformal;
  const thresholds = classThresholds ?? Array.from({ length: classes }, () => threshold);
  checkLength('predictionSets', 'classThresholds', thresholds.length, classes);
  const least = thresholds.map((own) => 1 - own);
  const sets = new Uint8Array(rows * classes);
  const support = new Float64Array(classes);
  const supportOf = rowSupport(conformal.method, classes);
  for (let row = 0; row < rows; row++) {
    supportOf(data, row * classes, support);
    for (let c = 0; c < classes; c++) {
      if (support[c]! >= least[c]!) sets[row * classes + c] = 1;
    }
  }
  return { data: sets, rows, classes };
}

/** The prediction ± the threshold. */
export function predictionIntervals(
  outputs: Outputs,
  conformal: ConformalPolicy,
): PredictionIntervals {
  checkOutputs('predictionIntervals', outputs);
  if (conformal.method !== 'absolute') {
    throw new RangeError(
      `predictionIntervals: method '${conformal.method}' is for sets of classes; intervals take 'absolute'.`,
    );
  }
  const shift = (by: number): Outputs => ({
    ...outputs,
    data: Float64Array.from(outputs.data, (value) => value + by),
  });
  return { lower: shift(-conformal.threshold), upper: shift(conformal.threshold) };
}

/** Writes the probability that speaks for each class of the row that starts at `start`. */
export type RowSupport = (probabilities: Floats, start: number, support: Float64Array) => void;

/**
 * Probabilities this close, as a share, are tied: sums in float32 and in another order part what is equal. Were they
 * not, a class would have one support where the threshold is fitted and another where it is served.
 */
const tieShare = 2 ** -16;

export function rowSupport(method: ConformalPolicy['method'], classes: number): RowSupport {
  if (method === 'absolute') {
    throw new RangeError(
      "conformal: method 'absolute' is for regression; sets of classes take 'split' or 'aps'.",
    );
  }
  if (method === 'split') {
    return (probabilities, start, support) => {
      for (let c = 0; c < classes; c++) support[c] = probabilities[start + c]!;
    };
  }
  const order = Uint32Array.from({ length: classes }, (_, c) => c);
  return (probabilities, start, support) => {
    order.sort((a, b) => probabilities[start + a]! - probabilities[start + b]!);
    let sum = 0;
    let end = 0;
    for (const c of order) {
      const less = probabilities[start + c]! * (1 - tieShare);
      for (; end < classes && probabilities[start + order[end]!]! < less; end++) {
        sum += probabilities[start + order[end]!]!;
      }
      support[c] = sum;
    }
  };
}
