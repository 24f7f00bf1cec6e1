import type { Predictions } from '../shapes.ts';

/** Rows with their answers. */
export interface LabelledRows {
  readonly predictions: Predictions;
  /** As `kind` defines them; in regression targets `[rows, outputs]`. */
  readonly labels: ArrayLike<number>;
  /** Identity of each row in the data set, by which two sets of rows are told apart. `[rows]`. */
  readonly ids?: readonly (string | number)[];
}
