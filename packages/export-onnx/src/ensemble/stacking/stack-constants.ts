import { createTensorPool } from '../../graph/tensor-pool.ts';
import { freshLike } from '../../onnx/scratch.ts';
import { derived, type TensorData } from '../../onnx/tensor-data.ts';

/** The constants of all members one after another, read as this shape. */
export function stackedData(parts: readonly TensorData[], shape: readonly number[]): TensorData {
  return derived(parts, 'stack', shape, (...elements) => {
    const all = elements as readonly Float32Array[];
    const length = all.reduce((sum, { length: own }) => sum + own, 0);
    const Elements = freshLike(all[0]!).constructor as new (length: number) => Float32Array;
    const joined = new Elements(length);
    let offset = 0;
    for (const part of all) {
      joined.set(part, offset);
      offset += part.length;
    }
    return joined;
  });
}

/** Whether all members have the same constant. */
export function areEqual([first, ...others]: readonly TensorData[]): boolean {
  const pool = createTensorPool();
  pool.add('first', first!);
  return others.every((other) => pool.find(other) !== undefined);
}
