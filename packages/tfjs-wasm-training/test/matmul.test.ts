import { beforeAll, expect, it } from 'vitest';
import { noiseTensor, prepareBackends, tf } from './backends.ts';

beforeAll(async () => {
  await prepareBackends();
  await tf.setBackend('wasm');
});

interface Heap {
  readonly wasm: { _malloc: (bytes: number) => number };
}

/** The bytes of memory that a computation asks for, its outputs included. */
function bytesAskedFor(compute: () => void): number {
  const { wasm } = tf.backend() as unknown as Heap;
  const allocate = wasm._malloc;
  let asked = 0;
  wasm._malloc = (bytes) => {
    asked += bytes;
    return allocate(bytes);
  };
  try {
    tf.tidy(compute);
  } finally {
    wasm._malloc = allocate;
  }
  return asked;
}

it.each([
  ['a row', [1, 256], [256, 512]],
  ['a row, B transposed', [1, 256], [512, 256]],
  ['three rows', [3, 256], [256, 512]],
  ['a column', [512, 256], [256, 1]],
])('the matrix is not copied for a product with %s', (_, shapeOfA, shapeOfB) => {
  const a = noiseTensor(shapeOfA, 1) as tf.Tensor2D;
  const b = noiseTensor(shapeOfB, 2) as tf.Tensor2D;
  const isTurned = shapeOfB[0] !== 256;
  const bytesOfMatrix = 256 * 512 * 4;
  const asked = bytesAskedFor(() => void tf.matMul(a, b, false, isTurned));
  expect(asked).toBeLessThan(bytesOfMatrix / 10);
});

it('multiplies vectors of which twelve would fill the memory', () => {
  const length = 90_000_000;
  expect(tf.tidy(() => tf.dot(tf.fill([length], 0.5), tf.ones([length])).dataSync()[0])).toBe(
    length / 2,
  );
}, 60_000);
