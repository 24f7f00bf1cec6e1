import type { Labels, Outputs, Predictions } from './shapes.ts';

/** How far a row of probabilities may sum from 1: half-precision softmax stays within it, logits hardly ever. */
const sumTolerance = 1e-3;
const weightTolerance = 1e-6;

export function checkPredictions(where: string, predictions: Predictions): void {
  const { members, rows, classes } = predictions;
  checkSize(where, rows, classes);
  if (members.length === 0) {
    throw new RangeError(`${where}: there are no members; at least one is needed.`);
  }
  members.forEach((data, m) => {
    checkData(`${where}: member ${m}`, data, rows, classes);
  });
}

export function checkOutputs(where: string, outputs: Outputs): void {
  checkSize(where, outputs.rows, outputs.classes);
  checkData(where, outputs.data, outputs.rows, outputs.classes);
}

/** At least one row, every value a probability, every row summing to 1. */
export function checkProbabilities(where: string, probabilities: Outputs): void {
  checkOutputs(where, probabilities);
  const { data, rows, classes } = probabilities;
  checkSomeRows(where, rows);
  if (classes < 2) {
    throw new RangeError(
      `${where}: there is one value per row; probabilities need at least 2 classes. If it is the probability of the positive class, say kind: 'binary'.`,
    );
  }
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    let least = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      const value = data[i]!;
      sum += value;
      if (value < least) least = value;
    }
    checkRowSum(where, row, least < 0 ? least : sum);
  }
}

/** `sum` is the row's sum, or NaN or a negative value found in the row. */
export function checkRowSum(where: string, row: number, sum: number): void {
  if (Math.abs(sum - 1) <= sumTolerance) return;
  if (Number.isNaN(sum)) throw new RangeError(`${where}: row ${row} holds a NaN or an infinity.`);
  throw new RangeError(
    `${where}: row ${row} is not a distribution (${sum < 0 ? 'it holds' : 'it sums to'} ${sum}); probabilities are ≥ 0 and sum to 1 ± ${sumTolerance}. If these are logits, say kind: 'logits' or apply softmax().`,
  );
}

export function checkFinite(where: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `${where}: value ${i} is ${values[i]}; only finite numbers are allowed.`,
      );
    }
  }
}

export function checkSomeRows(where: string, rows: number): void {
  if (rows === 0) throw new RangeError(`${where}: there are no rows; at least one is needed.`);
}

export function checkLabels(where: string, labels: Labels, rows: number, classes: number): void {
  checkLength(where, 'labels', labels.length, rows);
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new RangeError(
        `${where}: the label of row ${row} is ${label}; labels are integers in [0, ${classes}).`,
      );
    }
  }
}

export function checkLength(where: string, what: string, length: number, expected: number): void {
  if (length !== expected) {
    throw new RangeError(`${where}: ${what} has ${length} values, expected ${expected}.`);
  }
}

/** The weights given, checked: one per member, non-negative, sum 1; or equal ones. */
export function memberWeights(
  where: string,
  members: number,
  weights?: readonly number[],
): readonly number[] {
  if (weights === undefined) return Array.from({ length: members }, () => 1 / members);
  checkLength(where, 'weights', weights.length, members);
  let sum = 0;
  for (const weight of weights) {
    if (!(weight >= 0)) {
      throw new RangeError(`${where}: weights must not be negative; one is ${weight}.`);
    }
    sum += weight;
  }
  if (!(Math.abs(sum - 1) <= weightTolerance)) {
    throw new RangeError(`${where}: weights sum to ${sum}; divide them by their sum to get 1.`);
  }
  return weights;
}

export function checkCount(
  where: string,
  what: string,
  value: number,
  min: number,
  max: number,
): void {
  if (!(Number.isInteger(value) && value >= min && value <= max)) {
    throw new RangeError(`${where}: ${what} is ${value}; allowed are integers ${min} to ${max}.`);
  }
}

function checkSize(where: string, rows: number, classes: number): void {
  checkCount(where, 'rows', rows, 0, Number.MAX_SAFE_INTEGER);
  checkCount(where, 'classes', classes, 1, Number.MAX_SAFE_INTEGER);
}

function checkData(where: string, data: unknown, rows: number, classes: number): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new TypeError(`${where}: data must be a Float32Array or a Float64Array.`);
  }
  if (data.length !== rows * classes) {
    throw new RangeError(
      `${where}: data has ${data.length} values; [rows, classes] = [${rows}, ${classes}] needs ${rows * classes}.`,
    );
  }
}
