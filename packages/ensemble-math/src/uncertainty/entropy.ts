import { checkProbabilities } from '../check.ts';
import type { Floats, Outputs } from '../shapes.ts';

/** −Σ p ln p of each row, in nats, with 0 ln 0 = 0: `[rows]`, each in `[0, ln classes]`. */
export function entropy(probabilities: Outputs): Float64Array {
  checkProbabilities('entropy', probabilities);
  const { data, rows, classes } = probabilities;
  return Float64Array.from({ length: rows }, (_, row) =>
    entropyOfRow(data, row * classes, classes),
  );
}

export function entropyOfRow(probabilities: Floats, start: number, classes: number): number {
  let sum = 0;
  for (let i = start; i < start + classes; i++) {
    const p = probabilities[i]!;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum > 0 ? sum : 0;
}
