/** Numbers as models give them. */
export type Floats = Float32Array | Float64Array;

/** Class indices of rows, each an integer in `[0, classes)`: `[rows]`. */
export type Labels = ArrayLike<number>;

/** One output for each row: `data` is `[rows, classes]`, row-major. In regression `classes` counts the outputs. */
export interface Outputs {
  readonly data: Floats;
  readonly rows: number;
  readonly classes: number;
}

/**
 * What every member says about the same rows, `[members, rows, classes]`: `members[m]` is the `[rows, classes]` array
 * of member m, row-major. In regression `classes` counts the outputs. These arrays are never written to.
 */
export interface Predictions {
  readonly members: readonly Floats[];
  readonly rows: number;
  readonly classes: number;
}

export interface StackShape {
  readonly members: number;
  readonly rows: number;
  readonly classes: number;
}

/** Predictions over one flat `[members, rows, classes]` array: views of it, not copies. */
export function unstack(data: Floats, { members, rows, classes }: StackShape): Predictions {
  const size = rows * classes;
  if (data.length !== members * size) {
    throw new RangeError(
      `unstack: data has ${data.length} values; [members, rows, classes] = [${members}, ${rows}, ${classes}] needs ${members * size}.`,
    );
  }
  return {
    members: Array.from({ length: members }, (_, m) => data.subarray(m * size, (m + 1) * size)),
    rows,
    classes,
  };
}

/** One member's `[rows, classes]`: a view. */
export function memberOutputs(predictions: Predictions, member: number): Outputs {
  const data = predictions.members[member];
  if (data === undefined) {
    throw new RangeError(
      `memberOutputs: there is no member ${member}; members are 0 to ${predictions.members.length - 1}.`,
    );
  }
  return { data, rows: predictions.rows, classes: predictions.classes };
}

/** The members at the given positions, in that order; a position may come twice. Views. */
export function pickMembers(predictions: Predictions, positions: readonly number[]): Predictions {
  return {
    ...predictions,
    members: positions.map((position) => memberOutputs(predictions, position).data),
  };
}

/** Rows `[start, end)` of every member: views. */
export function sliceRows(predictions: Predictions, start: number, end: number): Predictions {
  const { members, classes, rows } = predictions;
  if (!(start >= 0 && start <= end && end <= rows)) {
    throw new RangeError(`sliceRows: [${start}, ${end}) is not within the rows [0, ${rows}).`);
  }
  return {
    members: members.map((data) => data.subarray(start * classes, end * classes)),
    rows: end - start,
    classes,
  };
}

/** The rows at the given positions, in that order: a copy, for what is fitted on part of the rows. */
export function gatherRows({ data, classes }: Outputs, rows: Uint32Array): Outputs {
  const gathered = new Float64Array(rows.length * classes);
  rows.forEach((row, i) => {
    gathered.set(data.subarray(row * classes, (row + 1) * classes), i * classes);
  });
  return { data: gathered, rows: rows.length, classes };
}

/** `gatherRows` of every member. */
export function gatherPredictions(predictions: Predictions, rows: Uint32Array): Predictions {
  return {
    members: predictions.members.map((data) => gatherRows({ ...predictions, data }, rows).data),
    rows: rows.length,
    classes: predictions.classes,
  };
}

/** The labels of the rows at the given positions, `width` numbers each. */
export function pick(labels: ArrayLike<number>, rows: Uint32Array, width = 1): Float64Array {
  return Float64Array.from(
    { length: rows.length * width },
    (_, i) => labels[rows[Math.floor(i / width)]! * width + (i % width)]!,
  );
}
