import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { registerTrainingKernels } from '../src/index.ts';

export { tf, wasm };

/** Waits for both backends. */
export async function startBackends(): Promise<void> {
  await tf.setBackend('cpu');
  await tf.setBackend('wasm');
}

/** Registers the kernels and waits for both backends. */
export async function prepareBackends(): Promise<void> {
  registerTrainingKernels(tf, wasm);
  await startBackends();
}

/** What `compute` gives on a backend, as plain numbers. */
export async function on<T>(backend: 'cpu' | 'wasm', compute: () => T): Promise<T> {
  await tf.setBackend(backend);
  return compute();
}

/** Largest difference relative to the largest magnitude expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let scale = 1e-30;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    error = Number.isNaN(difference) ? Infinity : Math.max(error, difference);
  }
  return error / Math.max(scale, 1e-6);
}

/** Numbers in [−1, 1) that depend on the seed only. */
export function noise(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A tensor of such numbers. */
export function noiseTensor(shape: readonly number[], seed: number): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(noise(size, seed), [...shape]);
}

/** Fills freed memory with NaN, so that a kernel that forgets to clear its output shows. */
export function leaveDirt(): void {
  const sizes = [1, 3, 8, 17, 40, 90, 200, 500, 1200, 3000];
  const tensors = sizes.flatMap((size) => [0, 1, 2, 3].map(() => tf.fill([size], NaN)));
  tf.dispose(tensors);
}
