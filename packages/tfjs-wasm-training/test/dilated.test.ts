import { beforeAll, expect, it } from 'vitest';
import { noiseTensor, on, prepareBackends, relativeError, tf } from './backends.ts';

beforeAll(prepareBackends);

const recordedName = 'fusedConv2d__op';
const fused = (x: tf.Tensor3D | tf.Tensor4D, filter: tf.Tensor4D, dilations: number): tf.Tensor =>
  tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', dilations });

/** Gradients of a dilated convolution and of an undilated one behind it; `convolve` is the fused operation or the plain one. */
function gradients(convolve: typeof fused): Float32Array[] {
  return tf.tidy(() => {
    const inputs = [noiseTensor([5, 6, 3], 1), noiseTensor([3, 3, 3, 3], 2)];
    const twice = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
      convolve(
        convolve(x as never, filter as never, 2).expandDims<tf.Tensor4D>(0),
        filter as never,
        1,
      );
    return tf
      .grads(twice)(inputs, noiseTensor([1, 5, 6, 3], 3))
      .map((gradient) => gradient.dataSync() as Float32Array);
  });
}

it('a fused dilated convolution of one image has the gradient of the plain one', async () => {
  const plain: typeof fused = (x, filter, dilations) =>
    tf.conv2d(x, filter, 1, 'same', 'NHWC', dilations);
  const expected = await on('wasm', () => gradients(plain));
  const actual = await on('wasm', () => gradients(fused));
  expected.forEach((gradient, i) => {
    expect(relativeError(actual[i]!, gradient)).toBeLessThan(1e-6);
  });
});

it('nothing stays registered that other backends would use', async () => {
  await on('wasm', () => {
    tf.tidy(() => {
      fused(noiseTensor([1, 5, 6, 3], 1) as tf.Tensor4D, noiseTensor([3, 3, 3, 2], 2) as never, 2);
    });
    gradients(fused);
  });
  expect(tf.getGradient(recordedName)).toBeUndefined();
  await expect(on('cpu', () => gradients(fused))).rejects.toThrow(/dilation rates greater than 1/);
});
