import {
  checkCount,
  checkFinite,
  checkLabels,
  checkLength,
  checkOutputs,
  checkProbabilities,
} from './check.ts';
import type { Floats, Outputs, Predictions } from './shapes.ts';

/**
 * What a model's outputs are; always stated, never guessed from the values.
 *
 * - `probabilities`: `[rows, classes ≥ 2]`, rows sum to 1; labels are class indices `[rows]`.
 * - `logits`: the same before the softmax.
 * - `binary`: `[rows, 1]`, the probability of the positive class; labels are 0 or 1, `[rows]`.
 * - `multi-label`: `[rows, labels]`, one independent probability each; labels are 0 or 1, `[rows, labels]`.
 * - `regression`: `[rows, outputs]`, any numbers; targets `[rows, outputs]`.
 */
export type OutputKind = 'probabilities' | 'logits' | 'binary' | 'multi-label' | 'regression';

/** Kinds whose values are probabilities: what the metrics and the calibration take. */
export type ProbabilityKind = 'probabilities' | 'binary' | 'multi-label';

const kinds: readonly string[] = [
  'probabilities',
  'logits',
  'binary',
  'multi-label',
  'regression',
] satisfies OutputKind[];

/** Refuses a kind that does not exist or that the number of columns contradicts. */
export function checkKind(where: string, kind: OutputKind | undefined, columns: number): void {
  if (!kinds.includes(kind as string)) {
    const came = kind === undefined ? 'is missing' : `is ${JSON.stringify(kind)}`;
    throw new RangeError(
      `${where}: kind ${came}; say what the outputs are: ${kinds.map((name) => `'${name}'`).join(', ')}.`,
    );
  }
  if ((kind === 'probabilities' || kind === 'logits') && columns < 2) {
    throw new RangeError(
      `${where}: kind '${kind}' needs at least 2 classes; got ${columns}. If the value is the probability of the positive class, say kind: 'binary'; if it is a measured value, 'regression'.`,
    );
  }
  if (kind === 'binary' && columns !== 1) {
    throw new RangeError(
      `${where}: kind 'binary' takes one probability per row; got ${columns} values. For classes that exclude each other say kind: 'probabilities', for independent labels 'multi-label'.`,
    );
  }
}

/** Refuses values that the kind does not allow. */
export function checkValues(where: string, kind: OutputKind, outputs: Outputs): void {
  checkOutputs(where, outputs);
  checkKind(where, kind, outputs.classes);
  if (kind === 'probabilities') checkProbabilities(where, outputs);
  else if (kind === 'binary' || kind === 'multi-label') checkUnit(where, kind, outputs.data);
  else checkFinite(where, outputs.data);
}

/** Refuses labels (in regression targets) that the kind does not allow. */
export function checkKindLabels(
  where: string,
  kind: OutputKind,
  labels: ArrayLike<number>,
  { rows, classes }: Pick<Outputs, 'rows' | 'classes'>,
): void {
  if (kind === 'probabilities' || kind === 'logits') {
    checkLabels(where, labels, rows, classes);
  } else if (kind === 'binary') {
    checkLabels(where, labels, rows, 2);
  } else if (kind === 'multi-label') {
    checkLength(
      where,
      `labels [rows, labels] = [${rows}, ${classes}]`,
      labels.length,
      rows * classes,
    );
    checkLabels(where, labels, rows * classes, 2);
  } else {
    checkLength(
      where,
      `targets [rows, outputs] = [${rows}, ${classes}]`,
      labels.length,
      rows * classes,
    );
    checkFinite(`${where}, targets`, labels);
  }
}

/** Refuses what is not in [0, 1]. */
export function checkUnit(where: string, kind: OutputKind, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= 0 && value <= 1) continue;
    throw new RangeError(
      `${where}: value ${i} is ${value}; kind '${kind}' takes probabilities in [0, 1]. If these are logits, apply the sigmoid first.`,
    );
  }
}

/** Whether each value is the probability of one of two sides. */
export function isTwoSided(kind: OutputKind): kind is 'binary' | 'multi-label' {
  return kind === 'binary' || kind === 'multi-label';
}

/** Binary and multi-label values as classes 0 and 1, `[rows · columns, 2]`; all else as it is. */
export function asClasses(kind: OutputKind, outputs: Outputs): Outputs {
  if (!isTwoSided(kind)) return outputs;
  return { data: bothSides(outputs.data), rows: outputs.data.length, classes: 2 };
}

/** `asClasses` of every member. */
export function membersAsClasses(kind: OutputKind, predictions: Predictions): Predictions {
  if (!isTwoSided(kind)) return predictions;
  const { members, rows, classes } = predictions;
  checkCount('membersAsClasses', 'columns', classes, 1, Number.MAX_SAFE_INTEGER);
  return { members: members.map(bothSides), rows: rows * classes, classes: 2 };
}

/** Means of runs of `columns` values: what the rows of a multi-label output come to. */
export function rowMeans(values: Float64Array, columns: number): Float64Array {
  if (columns === 1) return values;
  return Float64Array.from({ length: values.length / columns }, (_, row) => {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += values[i]!;
    return sum / columns;
  });
}

function bothSides(values: Floats): Float64Array {
  const both = new Float64Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    both[2 * i] = 1 - values[i]!;
    both[2 * i + 1] = values[i]!;
  }
  return both;
}
