import { beforeAll, expect, it } from 'vitest';
import { noiseTensor, on, prepareBackends, relativeError, tf } from './backends.ts';

beforeAll(prepareBackends);

/** The kernels that a computation runs, by name. */
async function kernelsOf(compute: () => unknown): Promise<string[]> {
  const { kernels } = await tf.profile(() => {
    tf.tidy(() => void compute());
  });
  return kernels.map(({ name }) => name);
}

const fused = (x: tf.Tensor, filter: tf.Tensor, dilations: number): tf.Tensor =>
  tf.fused.conv2d({
    x: x as tf.Tensor4D,
    filter: filter as tf.Tensor4D,
    strides: 1,
    pad: 'same',
    dilations,
  });

/** Gradients of a dilated convolution and of an undilated one behind it; `convolve` is the fused operation or the plain one. */
function gradients(convolve: typeof fused): Float32Array[] {
  return tf.tidy(() => {
    const inputs = [noiseTensor([5, 6, 3], 1), noiseTensor([3, 3, 3, 3], 2)];
    const twice = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
      convolve(convolve(x, filter, 2).expandDims(0), filter, 1);
    return tf
      .grads(twice)(inputs, noiseTensor([1, 5, 6, 3], 3))
      .map((gradient) => gradient.dataSync() as Float32Array);
  });
}

it('a fused dilated convolution of one image has the gradient of the plain one', async () => {
  const plain: typeof fused = (x, filter, dilations) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same', 'NHWC', dilations);
  const expected = await on('wasm', () => gradients(plain));
  const actual = await on('wasm', () => gradients(fused));
  expected.forEach((gradient, i) => {
    expect(relativeError(actual[i]!, gradient)).toBeLessThan(1e-6);
  });
});

it('what other backends record stays as it is', async () => {
  await on('wasm', () => gradients(fused));
  expect(tf.getGradient('fusedConv2d__op')).toBeUndefined();
  await expect(on('cpu', () => gradients(fused))).rejects.toThrow(/dilation rates greater than 1/);
  const convolved = (x: tf.Tensor): tf.Tensor => fused(x, noiseTensor([3, 3, 3, 2], 2), 1);
  const inUse = await on('cpu', () =>
    kernelsOf(() => tf.grad(convolved)(noiseTensor([1, 5, 6, 3], 1))),
  );
  expect(inUse).toContain('Conv2DBackpropFilter');
});

it('a gradient function of the user around a fused operation is left alone', async () => {
  const half = (x: tf.Tensor): tf.Tensor =>
    tf.customGrad((of) => ({
      value: fused(of as tf.Tensor, tf.ones([1, 1, 1, 1]), 1),
      gradFunc: (dy) => dy.mul(0.5),
    }))(x);
  const found = await on('wasm', () =>
    tf.tidy(() => [
      ...tf
        .grad(half)(tf.ones([1, 2, 2, 1]))
        .dataSync(),
    ]),
  );
  expect(found).toEqual([0.5, 0.5, 0.5, 0.5]);
});

it.each([
  [
    'convolution',
    'Conv2DBackpropInput',
    [3, 3, 3, 8],
    (filter: tf.Tensor) => fused(noiseTensor([1, 5, 6, 3], 1), filter, 1),
  ],
  [
    'dense layer',
    'BatchMatMul',
    [3, 8],
    (b: tf.Tensor) => tf.fused.matMul({ a: noiseTensor([5, 3], 1), b }),
  ],
])('the gradient of the input of a first %s is not computed', async (_, kernel, shape, apply) => {
  const count = async (gradient: () => unknown): Promise<number> =>
    on('wasm', async () => (await kernelsOf(gradient)).filter((name) => name === kernel).length);
  const weights = noiseTensor(shape, 2);
  const products = kernel === 'BatchMatMul' ? 1 : 0;
  expect(await count(() => tf.grad(apply)(weights))).toBe(products);
});

const axes = [0, 1, 2];
/** Batch normalization by moments that `momentsOf` takes of x. */
function normalized(momentsOf: (x: tf.Tensor) => { mean: tf.Tensor; variance: tf.Tensor }) {
  return (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor => {
    const { mean, variance } = momentsOf(x);
    return tf.batchNorm(
      x as tf.Tensor4D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
    );
  };
}
const inputs = (channels = 5): tf.Tensor[] => [
  noiseTensor([channels, 3, 4, channels], 1).add(3),
  noiseTensor([channels], 2),
  noiseTensor([channels], 3),
];
const ofBatchNorm = (apply: ReturnType<typeof normalized>): Float32Array[] =>
  tf.tidy(() =>
    tf
      .grads(apply)(inputs(), noiseTensor([5, 3, 4, 5], 4))
      .map((gradient) => gradient.dataSync().slice() as Float32Array),
  );

it.each([
  ['its own moments', true, (x: tf.Tensor) => tf.moments(x, axes)],
  ['moments of half of it', false, (x: tf.Tensor) => tf.moments(x.slice(0, 2), axes)],
  ['moments of its square', false, (x: tf.Tensor) => tf.moments(x.square(), axes)],
  ['moments over other axes', false, (x: tf.Tensor) => tf.moments(x, [1, 2, 3])],
  [
    'the mean of one and the variance of another',
    false,
    (x: tf.Tensor) => ({ mean: x.mean(axes), variance: tf.moments(x.neg(), axes).variance }),
  ],
  [
    'a variance around twice its mean',
    false,
    (x: tf.Tensor) => ({
      mean: x.mean(axes),
      variance: x.sub(x.mean(axes).mul(2)).square().mean(axes),
    }),
  ],
])('batch normalization by %s has the gradient that cpu gives it', async (_, isOne, momentsOf) => {
  const apply = normalized(momentsOf);
  const expected = await on('cpu', () => ofBatchNorm(apply));
  const actual = await on('wasm', () => ofBatchNorm(apply));
  expected.forEach((gradient, i) => {
    expect(relativeError(actual[i]!, gradient)).toBeLessThan(1e-4);
  });
  const kernels = await on('wasm', () => kernelsOf(() => tf.grads(apply)(inputs())));
  expect(kernels.includes('TrainingBatchNormGradient')).toBe(isOne);
});
