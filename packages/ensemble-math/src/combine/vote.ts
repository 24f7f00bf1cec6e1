import type { Floats } from '../shapes.ts';
import type { Block } from './block.ts';

/** pooled = the share of the weight that votes for each class; a member votes for its highest value. */
export function votes({ members, weights, start, rows, classes, pooled }: Block): void {
  pooled.fill(0, 0, rows * classes);
  members.forEach((values, m) => {
    for (let row = 0; row < rows; row++) {
      const vote = argmaxRow(values, start + row * classes, classes);
      const at = row * classes + Math.max(vote, 0);
      pooled[at] = vote < 0 ? NaN : pooled[at]! + weights[m]!;
    }
  });
}

/** Class of the highest value of one row, the lowest such class on a tie; −1 if the row holds a NaN. */
export function argmaxRow(values: Floats, start: number, classes: number): number {
  let best = 0;
  let max = -Infinity;
  let bad = false;
  for (let c = 0; c < classes; c++) {
    const value = values[start + c]!;
    if (value > max) {
      max = value;
      best = c;
    }
    bad ||= Number.isNaN(value);
  }
  return bad ? -1 : best;
}
