import type { Predictions } from '../shapes.ts';

/** Rows with their answers. */
export interface LabelledRows {
  readonly predictions: Predictions;
  /** As the kind has them; in regression targets `[rows, outputs]`. */
  readonly labels: ArrayLike<number>;
  /** What each row is in the data set: how two sets of rows are told apart. `[rows]`. */
  readonly ids?: readonly (string | number)[];
}
