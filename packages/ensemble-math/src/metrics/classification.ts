import { checkCount, checkLabels, checkProbabilities } from '../check.ts';
import { argmaxRow } from '../combine/vote.ts';
import { safeLog } from '../softmax.ts';
import type { Labels, Outputs } from '../shapes.ts';

/** Share of rows whose highest probability is the label's, in [0, 1]; a tie counts for the lowest class. */
export function accuracy(probabilities: Outputs, labels: Labels): number {
  return 1 - errorRate(probabilities, labels);
}

/** 1 − accuracy, in [0, 1]. */
export function errorRate(probabilities: Outputs, labels: Labels): number {
  return mean(errorLosses(probabilities, labels));
}

/** Negative log-likelihood: the mean of −ln p(label), in nats, each at most 87.34 (`smallestProbability`). */
export function nll(probabilities: Outputs, labels: Labels): number {
  return mean(nllLosses(probabilities, labels));
}

/** Mean over rows of Σ꜀ (p꜀ − [c = label])², summed over classes, in [0, 2]. Brier 1950. */
export function brier(probabilities: Outputs, labels: Labels): number {
  return mean(brierLosses(probabilities, labels));
}

/** Share of rows whose label is among the k highest probabilities, in [0, 1]; ties go to the lower classes. */
export function topKAccuracy(probabilities: Outputs, labels: Labels, k: number): number {
  check('topKAccuracy', probabilities, labels);
  const { data, rows, classes } = probabilities;
  checkCount('topKAccuracy', 'k', k, 1, classes);
  let hits = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    const own = data[row * classes + label]!;
    let ahead = 0;
    for (let c = 0; c < classes; c++) {
      const other = data[row * classes + c]!;
      if (other > own || (other === own && c < label)) ahead++;
    }
    if (ahead < k) hits++;
  }
  return hits / rows;
}

/** 1 where the highest probability is not the label's, else 0: `[rows]`. */
export function errorLosses(probabilities: Outputs, labels: Labels): Float64Array {
  check('errorRate', probabilities, labels);
  const { data, rows, classes } = probabilities;
  return Float64Array.from({ length: rows }, (_, row) =>
    argmaxRow(data, row * classes, classes) === labels[row] ? 0 : 1,
  );
}

/** −ln p(label) of each row, in nats: `[rows]`. */
export function nllLosses(probabilities: Outputs, labels: Labels): Float64Array {
  check('nll', probabilities, labels);
  const { data, rows, classes } = probabilities;
  return Float64Array.from(
    { length: rows },
    (_, row) => -safeLog(data[row * classes + labels[row]!]!),
  );
}

/** Σ꜀ (p꜀ − [c = label])² of each row: `[rows]`. */
export function brierLosses(probabilities: Outputs, labels: Labels): Float64Array {
  check('brier', probabilities, labels);
  const { data, rows, classes } = probabilities;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      sum += (data[row * classes + c]! - (c === labels[row] ? 1 : 0)) ** 2;
    }
    return sum;
  });
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function check(where: string, probabilities: Outputs, labels: Labels): void {
  checkProbabilities(where, probabilities);
  checkLabels(where, labels, probabilities.rows, probabilities.classes);
}
