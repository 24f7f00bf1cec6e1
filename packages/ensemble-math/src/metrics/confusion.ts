import { checkSomeRows } from '../check.ts';
import { argmaxRow } from '../combine/vote.ts';
import { asClasses, checkKindLabels, checkValues } from '../kinds.ts';
import { checkOptions } from '../options.ts';
import type { Labels, Outputs } from '../shapes.ts';

/** How many rows of each class were predicted as which: `[labels, predicted]`, row-major, `classes × classes`. */
export interface ConfusionMatrix {
  readonly counts: Uint32Array;
  readonly classes: number;
}

export interface ConfusionMatrixOptions {
  /** What the values are. Default `'probabilities'`. */
  readonly kind?: 'probabilities' | 'binary';
}

/** Counts rows by label and by class of highest probability; a tie counts for the lowest class. */
export function confusionMatrix(
  outputs: Outputs,
  labels: Labels,
  options: ConfusionMatrixOptions = {},
): ConfusionMatrix {
  checkOptions('confusionMatrix', options, { kind: true });
  const { kind = 'probabilities' } = options;
  checkValues('confusionMatrix', kind, outputs);
  checkSomeRows('confusionMatrix', outputs.rows);
  checkKindLabels('confusionMatrix', kind, labels, outputs);
  const { data, rows, classes } = asClasses(kind, outputs);
  const counts = new Uint32Array(classes * classes);
  for (let row = 0; row < rows; row++) {
    const at = labels[row]! * classes + argmaxRow(data, row * classes, classes);
    counts[at] = counts[at]! + 1;
  }
  return { counts, classes };
}
