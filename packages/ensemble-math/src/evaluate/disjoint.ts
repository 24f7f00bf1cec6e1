import { checkLength, checkPredictions, checkSomeRows } from '../check.ts';
import type { Floats, Predictions } from '../shapes.ts';

/** Rows with their answers. */
export interface LabelledRows {
  readonly predictions: Predictions;
  /** Class indices `[rows]`; in regression targets `[rows, outputs]`. */
  readonly labels: ArrayLike<number>;
  /** What each row is in the data set: how two sets of rows are told apart. `[rows]`. */
  readonly ids?: readonly (string | number)[];
}

/** Two sets of rows may have so many in common by chance (saturated outputs, repeated inputs), without ids. */
const largestShare = 0.5;

/**
 * Refuses rows that were fitted on and would be reported on. Shared memory is always refused. With ids on both
 * sides, a shared id is; without them, more than half of the rows being the same to the last bit, label included.
 */
export function checkDisjoint(fit: LabelledRows, report: LabelledRows): void {
  checkRows('fit', fit);
  checkRows('report', report);
  if (shareMemory(fit.predictions, report.predictions)) {
    refuse('fit and report share memory, so they share rows.');
  }
  if (fit.ids !== undefined && report.ids !== undefined) {
    const seen = new Set(fit.ids);
    const shared = report.ids.filter((id) => seen.has(id));
    if (shared.length > 0) {
      refuse(`${shared.length} ids are in both fit and report, the first is ${shared[0]}.`);
    }
    return;
  }
  const seen = new Set(rowHashes(fit));
  const shared = rowHashes(report).filter((hash) => seen.has(hash)).length;
  if (shared > largestShare * report.predictions.rows) {
    refuse(
      `${shared} of the ${report.predictions.rows} report rows are also among the fit rows, bit for bit. If these are different rows that happen to look alike, give ids.`,
    );
  }
}

function checkRows(what: string, { predictions, labels, ids }: LabelledRows): void {
  const where = `evaluateEnsemble, ${what}`;
  checkPredictions(where, predictions);
  checkSomeRows(where, predictions.rows);
  if (ids !== undefined) checkLength(where, 'ids', ids.length, predictions.rows);
  if (labels.length === 0 || labels.length % predictions.rows !== 0) {
    checkLength(where, 'labels', labels.length, predictions.rows);
  }
}

function refuse(reason: string): never {
  throw new RangeError(
    `evaluateEnsemble: ${reason} What is fitted on rows cannot be judged by them: split your held-out rows in two.`,
  );
}

function shareMemory(a: Predictions, b: Predictions): boolean {
  return a.members.some((one) => b.members.some((other) => overlap(one, other)));
}

function overlap(a: Floats, b: Floats): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  );
}

/** A 53-bit hash of each row of all members and of its label, of the values as float32. */
function rowHashes({ predictions, labels }: LabelledRows): readonly number[] {
  const { members, rows, classes } = predictions;
  const width = labels.length / rows;
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  return Array.from({ length: rows }, (_, row) => {
    let [high, low] = [0x2545f491, 0x1b873593];
    const mix = (number: number): void => {
      value[0] = number;
      high = Math.imul(high ^ bits[0]!, 0x85ebca6b);
      low = Math.imul(low ^ (bits[0]! >>> 13) ^ bits[0]!, 0xc2b2ae35) + high;
      high ^= high >>> 15;
    };
    for (const data of members) {
      for (let i = row * classes; i < (row + 1) * classes; i++) mix(data[i]!);
    }
    for (let i = row * width; i < (row + 1) * width; i++) mix(labels[i]!);
    return (high >>> 0) * 2 ** 21 + ((low >>> 0) & 0x1fffff);
  });
}
