import { checkLabels, checkProbabilities } from '../check.ts';
import { argmaxRow } from '../combine/vote.ts';
import type { Labels, Outputs } from '../shapes.ts';

/** How many rows of each class were taken for which: `[labels, predicted]`, row-major, `classes × classes`. */
export interface ConfusionMatrix {
  readonly counts: Uint32Array;
  readonly classes: number;
}

/** Counts rows by label and by class of highest probability; a tie counts for the lowest class. */
export function confusionMatrix(probabilities: Outputs, labels: Labels): ConfusionMatrix {
  checkProbabilities('confusionMatrix', probabilities);
  const { data, rows, classes } = probabilities;
  checkLabels('confusionMatrix', labels, rows, classes);
  const counts = new Uint32Array(classes * classes);
  for (let row = 0; row < rows; row++) {
    const at = labels[row]! * classes + argmaxRow(data, row * classes, classes);
    counts[at] = counts[at]! + 1;
  }
  return { counts, classes };
}
