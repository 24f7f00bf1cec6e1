import { uniform } from './random.ts';
import type { TrainingData } from './train.ts';

/** Points in a square, labelled by the quadrant they lie in. */
export function quadrants(count: number, seed: number): TrainingData {
  const next = uniform(seed);
  const rows = Float32Array.from({ length: count * 2 }, () => next() * 2 - 1);
  const labels = Uint8Array.from(
    { length: count },
    (_, row) => (rows[row * 2]! > 0 ? 1 : 0) + (rows[row * 2 + 1]! > 0 ? 2 : 0),
  );
  return { rows, labels };
}
