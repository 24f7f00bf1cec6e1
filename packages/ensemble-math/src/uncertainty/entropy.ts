import { checkSomeRows } from '../check.ts';
import { asClasses, checkValues, rowMeans } from '../kinds.ts';
import { kindOf, type MetricOptions } from '../metrics/classification.ts';
import type { Floats, Outputs } from '../shapes.ts';

/**
 * −Σ p ln p of each row, in nats, with 0 ln 0 = 0: `[rows]`, each in `[0, ln classes]`. Of a binary value that of its
 * two sides, of a multi-label row the mean over its labels.
 */
export function entropy(outputs: Outputs, options: MetricOptions = {}): Float64Array {
  const kind = kindOf('entropy', options);
  checkValues('entropy', kind, outputs);
  checkSomeRows('entropy', outputs.rows);
  const { data, rows, classes } = asClasses(kind, outputs);
  const each = Float64Array.from({ length: rows }, (_, row) =>
    entropyOfRow(data, row * classes, classes),
  );
  return rowMeans(each, rows / outputs.rows);
}

export function entropyOfRow(probabilities: Floats, start: number, classes: number): number {
  let sum = 0;
  for (let i = start; i < start + classes; i++) {
    const p = probabilities[i]!;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum > 0 ? sum : 0;
}
