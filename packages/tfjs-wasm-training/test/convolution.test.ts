import { beforeAll, describe, expect, it } from 'vitest';
import { noiseTensor, on, prepareBackends, relativeError, tf } from './backends.ts';

beforeAll(prepareBackends);

type Pad = 'same' | 'valid' | number;

const cases: [
  size: number,
  inputs: number,
  outputs: number,
  filter: number,
  stride: number,
  pad: Pad,
][] = [];
for (const filter of [1, 2, 3, 5])
  for (const stride of [1, 2, 3])
    for (const pad of ['same', 'valid'] as const)
      cases.push([7, 3, 5, filter, stride, pad], [8, 4, 8, filter, stride, pad]);
cases.push([6, 1, 9, 3, 1, 2], [6, 1, 9, 3, 2, 4], [5, 2, 1, 2, 2, 1]);

describe('the gradient of conv2d', () => {
  it.each(cases)(
    '%d² × %d to %d channels, filter %d, stride %d, pad %s',
    async (size, inputs, outputs, filter, stride, pad) => {
      const gradients = (): Float32Array[] =>
        tf.tidy(() => {
          const x = noiseTensor([2, size, size + 1, inputs], 1) as tf.Tensor4D;
          const w = noiseTensor([filter, filter, inputs, outputs], 2) as tf.Tensor4D;
          const rounding = typeof pad === 'number' ? 'floor' : undefined;
          const convolve = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
            tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad, 'NHWC', 1, rounding);
          const dy = noiseTensor(convolve(x, w).shape, 3);
          return tf
            .grads(convolve)([x, w], dy)
            .map((t) => t.dataSync() as Float32Array);
        });
      const expected = await on('cpu', gradients);
      const actual = await on('wasm', gradients);
      expect(relativeError(actual[0]!, expected[0]!)).toBeLessThan(1e-5);
      expect(relativeError(actual[1]!, expected[1]!)).toBeLessThan(1e-5);
    },
  );
});
