import { beforeAll, describe, expect, it } from 'vitest';
import { noiseTensor, on, prepareBackends, relativeError, tf } from './backends.ts';

beforeAll(prepareBackends);

const cases: [
  height: number,
  width: number,
  channels: number,
  pool: number,
  stride: number,
  pad: 'same' | 'valid',
][] = [];
for (const channels of [1, 4, 6])
  for (const pool of [1, 2, 3])
    for (const stride of [1, 2, 3])
      for (const pad of ['same', 'valid'] as const) cases.push([7, 6, channels, pool, stride, pad]);

describe('the gradient of maxPool', () => {
  it.each(cases)(
    '%d × %d × %d, pool %d, stride %d, %s',
    async (height, width, channels, pool, stride, pad) => {
      const gradient = (): Float32Array =>
        tf.tidy(() => {
          // Whole numbers, many equal and many below zero: the first of the largest gets the gradient.
          const x = noiseTensor([3, height, width, channels], 4).mul(4).floor().sub(3);
          const poolOf = (t: tf.Tensor): tf.Tensor =>
            tf.maxPool(t as tf.Tensor4D, pool, stride, pad);
          return tf
            .grad(poolOf)(x, noiseTensor(poolOf(x).shape, 5))
            .dataSync() as Float32Array;
        });
      const expected = await on('cpu', gradient);
      expect(relativeError(await on('wasm', gradient), expected)).toBeLessThan(1e-6);
    },
  );
});
