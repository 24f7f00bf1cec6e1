import { checkLength, checkPredictions, checkSomeRows } from '../check.ts';
import type { Floats, Predictions } from '../shapes.ts';
import { countShared, rowKeys } from './row-keys.ts';
import type { LabelledRows } from './labelled-rows.ts';

/** Rows that look alike by chance (saturated outputs, a handful of values) may be so many; more are the same rows. */
const largestShare = 0.5;
/** Rows with an equal outside of their own set are expected to have some in the other too: three times as many are not. */
const allowedRatio = 3;

/**
 * Refuses rows that were fitted on and would be reported on. Shared memory is always refused. With ids on both sides, a
 * shared id is. Without them, so is any row that is the same to the last bit, label included, if its numbers are too
 * many to agree by chance and it has no equal within its own set; of rows that may agree by chance, more than half.
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
  const { telling, all } = countShared(rowKeys(fit), rowKeys(report));
  const { rows } = report.predictions;
  if (telling.shared > allowedRatio * telling.expected || all > largestShare * rows) {
    refuse(
      `${all} of the ${rows} report rows are also among the fit rows, bit for bit. If these are different rows that happen to look alike, give ids.`,
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
    `evaluateEnsemble: ${reason} A policy cannot be judged on the rows that it was fitted on: split your held-out rows in two.`,
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
