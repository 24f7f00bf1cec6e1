import { checkCount, checkSomeRows } from '../check.ts';
import { argmaxRow } from '../combine/vote.ts';
import { asClasses, checkKindLabels, checkValues, type ProbabilityKind } from '../kinds.ts';
import { checkOptions } from '../options.ts';
import type { Labels, Outputs } from '../shapes.ts';

export interface CalibrationOptions {
  /** What the values are. Default `'probabilities'`; every label of a multi-label row counts as a row of its own. */
  readonly kind?: ProbabilityKind;
  /** Number of bins. Default 15. */
  readonly bins?: number;
}

/** Rows whose highest probability lies in the bin. */
export interface ReliabilityBin {
  readonly count: number;
  /** Their mean highest probability; 0 for an empty bin. */
  readonly confidence: number;
  /** Share of them whose highest probability is the label's; 0 for an empty bin. */
  readonly accuracy: number;
}

/** Expected calibration error, Σ (count / rows) |accuracy − confidence| over equal-width bins. Guo et al. 2017, eq. 3. */
export function ece(outputs: Outputs, labels: Labels, options?: CalibrationOptions): number {
  return gap(reliability(outputs, labels, options));
}

/** The same sum over bins of equal mass. Nixon et al. 2019, §3. */
export function adaptiveEce(
  outputs: Outputs,
  labels: Labels,
  options?: CalibrationOptions,
): number {
  return gap(adaptiveReliability(outputs, labels, options));
}

/** Bins `(i / bins, (i + 1) / bins]` of the highest probability, 0 in the first: what a reliability diagram shows. */
export function reliability(
  outputs: Outputs,
  labels: Labels,
  options: CalibrationOptions = {},
): readonly ReliabilityBin[] {
  checkOptions('ece', options, { kind: true, bins: true });
  const { kind = 'probabilities', bins = 15 } = options;
  const { confidences, correct } = confidencesOf('ece', { kind, outputs, labels, bins });
  const groups = Array.from({ length: bins }, emptyTally);
  confidences.forEach((confidence, row) => {
    add(groups[widthBin(confidence, bins)]!, confidence, correct[row]!);
  });
  return groups.map(toBin);
}

/**
 * Rows sorted by highest probability and cut into `bins` runs whose lengths differ by at most 1, the longer ones
 * first; a run is lengthened rather than to part equal probabilities, so the order of rows changes nothing.
 */
export function adaptiveReliability(
  outputs: Outputs,
  labels: Labels,
  options: CalibrationOptions = {},
): readonly ReliabilityBin[] {
  checkOptions('adaptiveEce', options, { kind: true, bins: true });
  const { kind = 'probabilities', bins = 15 } = options;
  const { confidences, correct } = confidencesOf('adaptiveEce', { kind, outputs, labels, bins });
  const rows = confidences.length;
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  order.sort((a, b) => confidences[a]! - confidences[b]!);
  const groups = Array.from({ length: bins }, emptyTally);
  const longer = rows % bins;
  const length = Math.floor(rows / bins);
  let bin = 0;
  for (let i = 0; i < rows; i++) {
    const confidence = confidences[order[i]!]!;
    const tied = i > 0 && confidence === confidences[order[i - 1]!];
    while (!tied && i >= (bin + 1) * length + Math.min(bin + 1, longer)) bin++;
    add(groups[bin]!, confidence, correct[order[i]!]!);
  }
  return groups.map(toBin);
}

interface Rows {
  readonly kind: ProbabilityKind;
  readonly outputs: Outputs;
  readonly labels: Labels;
  readonly bins: number;
}

function confidencesOf(
  where: string,
  { kind, outputs, labels, bins }: Rows,
): { readonly confidences: Float64Array; readonly correct: Uint8Array } {
  checkValues(where, kind, outputs);
  checkSomeRows(where, outputs.rows);
  checkKindLabels(where, kind, labels, outputs);
  checkCount(where, 'bins', bins, 1, Number.MAX_SAFE_INTEGER);
  const { data, rows, classes } = asClasses(kind, outputs);
  const confidences = new Float64Array(rows);
  const correct = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const best = argmaxRow(data, row * classes, classes);
    confidences[row] = data[row * classes + best]!;
    correct[row] = best === labels[row] ? 1 : 0;
  }
  return { confidences, correct };
}

/** Exact at the edges i / bins, where confidence · bins is not. */
function widthBin(confidence: number, bins: number): number {
  let bin = Math.ceil(confidence * bins) - 1;
  if (confidence <= bin / bins) bin--;
  else if (confidence > (bin + 1) / bins) bin++;
  return Math.min(Math.max(bin, 0), bins - 1);
}

interface Tally {
  count: number;
  confidence: number;
  correct: number;
}

function emptyTally(): Tally {
  return { count: 0, confidence: 0, correct: 0 };
}

function add(tally: Tally, confidence: number, correct: number): void {
  tally.count++;
  tally.confidence += confidence;
  tally.correct += correct;
}

function toBin({ count, confidence, correct }: Tally): ReliabilityBin {
  const rows = Math.max(count, 1);
  return { count, confidence: confidence / rows, accuracy: correct / rows };
}

function gap(bins: readonly ReliabilityBin[]): number {
  let sum = 0;
  let rows = 0;
  for (const { count, confidence, accuracy } of bins) {
    sum += count * Math.abs(accuracy - confidence);
    rows += count;
  }
  return sum / rows;
}
