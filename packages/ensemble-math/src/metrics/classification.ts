import { checkCount, checkLabels, checkProbabilities, checkSomeRows } from '../check.ts';
import { argmaxRow } from '../combine/vote.ts';
import {
  asClasses,
  checkKindLabels,
  checkValues,
  isTwoSided,
  rowMeans,
  type ProbabilityKind,
} from '../kinds.ts';
import { checkOptions } from '../options.ts';
import { safeLog } from '../softmax.ts';
import type { Floats, Labels, Outputs } from '../shapes.ts';

export interface MetricOptions {
  /**
   * What the values are. Default `'probabilities'`, `[rows, classes]`; others must be stated. A multi-label row counts
   * with the mean of its labels.
   */
  readonly kind?: ProbabilityKind;
}

/** Share of rows whose highest probability is the label's, in [0, 1]; a tie counts for the lowest class. */
export function accuracy(outputs: Outputs, labels: Labels, options?: MetricOptions): number {
  return 1 - errorRate(outputs, labels, options);
}

/** 1 − accuracy, in [0, 1]; of multi-label outputs the share of wrong labels (Hamming loss). */
export function errorRate(outputs: Outputs, labels: Labels, options?: MetricOptions): number {
  return mean(errorLosses(outputs, labels, options));
}

/** Negative log-likelihood: the mean of −ln p(label), in nats, each at most 87.34 (`smallestProbability`). */
export function nll(outputs: Outputs, labels: Labels, options?: MetricOptions): number {
  return mean(nllLosses(outputs, labels, options));
}

/**
 * Mean over rows of Σ꜀ (p꜀ − [c = label])², summed over classes, in [0, 2]; of binary and multi-label values
 * (p − label)², in [0, 1]. Brier 1950.
 */
export function brier(outputs: Outputs, labels: Labels, options?: MetricOptions): number {
  return mean(brierLosses(outputs, labels, options));
}

/** Share of rows whose label is among the k highest probabilities, in [0, 1]; ties go to the lower classes. */
export function topKAccuracy(probabilities: Outputs, labels: Labels, k: number): number {
  checkProbabilities('topKAccuracy', probabilities);
  const { data, rows, classes } = probabilities;
  checkLabels('topKAccuracy', labels, rows, classes);
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
export function errorLosses(
  outputs: Outputs,
  labels: Labels,
  options: MetricOptions = {},
): Float64Array {
  const kind = kindOf('errorRate', options);
  return losses('errorRate', kind, outputs, labels, (data, start, classes, label) =>
    argmaxRow(data, start, classes) === label ? 0 : 1,
  );
}

/** −ln p(label) of each row, in nats: `[rows]`. */
export function nllLosses(
  outputs: Outputs,
  labels: Labels,
  options: MetricOptions = {},
): Float64Array {
  const kind = kindOf('nll', options);
  return losses(
    'nll',
    kind,
    outputs,
    labels,
    (data, start, _, label) => -safeLog(data[start + label]!),
  );
}

/** Σ꜀ (p꜀ − [c = label])² of each row, (p − label)² of two-sided values: `[rows]`. */
export function brierLosses(
  outputs: Outputs,
  labels: Labels,
  options: MetricOptions = {},
): Float64Array {
  const kind = kindOf('brier', options);
  // Of two classes the squares are equal.
  const share = isTwoSided(kind) ? 0.5 : 1;
  return losses('brier', kind, outputs, labels, (data, start, classes, label) => {
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += (data[start + c]! - (c === label ? 1 : 0)) ** 2;
    return share * sum;
  });
}

/** The kind asked for; options that do not exist are refused. */
export function kindOf(where: string, options: MetricOptions): ProbabilityKind {
  checkOptions(where, options, { kind: true });
  return options.kind ?? 'probabilities';
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

type LossOfRow = (data: Floats, start: number, classes: number, label: number) => number;

function losses(
  where: string,
  kind: ProbabilityKind,
  outputs: Outputs,
  labels: Labels,
  lossOfRow: LossOfRow,
): Float64Array {
  checkValues(where, kind, outputs);
  checkSomeRows(where, outputs.rows);
  checkKindLabels(where, kind, labels, outputs);
  const { data, rows, classes } = asClasses(kind, outputs);
  const each = Float64Array.from({ length: rows }, (_, row) =>
    lossOfRow(data, row * classes, classes, labels[row]!),
  );
  return rowMeans(each, rows / outputs.rows);
}
