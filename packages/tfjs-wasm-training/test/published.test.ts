import { beforeAll, describe, expect, it } from 'vitest';
import { noiseTensor, on, relativeError, startBackends, tf } from './backends.ts';
import { gradientError } from './finite-differences.ts';

/** What the published kernels get wrong, each on a small input: a fault that our judges must catch, and the reason for our kernel. */
interface Fault {
  readonly kernel: string;
  readonly shape: readonly number[];
  readonly apply: (x: tf.Tensor) => tf.Tensor;
  /** Which judge sees it; in the forward kernels the cpu backend, of the output. */
  readonly judge: 'cpu' | 'finite differences' | 'cpu, output';
}

const image = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;
const volume = (x: tf.Tensor): tf.Tensor5D => x as tf.Tensor5D;
const filter = (...shape: number[]): never => noiseTensor(shape, 2) as never;

const gathered = (): tf.Tensor2D =>
  tf.tensor2d(
    [
      [0, 2, 1],
      [3, 1, 0],
    ],
    [2, 3],
    'int32',
  );

const faults: readonly Fault[] = [
  {
    kernel: 'ClipByValue, int32',
    shape: [2],
    apply: (x) => tf.clipByValue(x.mul(9).toInt(), -1, 1),
    judge: 'cpu, output',
  },
  {
    kernel: 'MaxPoolGrad',
    shape: [1, 2, 2, 1],
    apply: (x) => tf.maxPool(image(x.sub(2)), 1, 1, 'valid'),
    judge: 'cpu',
  },
  {
    kernel: 'MaxPool3D',
    shape: [1, 1, 1, 2, 1],
    apply: (x) => tf.maxPool3d(volume(x.sub(2)), 1, 1, 'valid'),
    judge: 'cpu, output',
  },
  {
    kernel: 'MaxPool3DGrad',
    shape: [1, 1, 1, 2, 1],
    apply: (x) => tf.maxPool3d(volume(x.sub(2)), 1, 1, 'valid'),
    judge: 'cpu',
  },
  {
    kernel: 'Conv3DBackpropInputV2',
    shape: [1, 2, 2, 2, 2],
    apply: (x) => tf.conv3d(volume(x), filter(1, 1, 1, 2, 3), 1, 'valid'),
    judge: 'cpu',
  },
  {
    kernel: 'ResizeNearestNeighborGrad, half pixel centers',
    shape: [1, 3, 3, 1],
    apply: (x) => tf.image.resizeNearestNeighbor(image(x), [5, 5], false, true),
    judge: 'finite differences',
  },
  {
    kernel: 'ResizeBilinearGrad, half pixel centers',
    shape: [1, 3, 3, 1],
    apply: (x) => tf.image.resizeBilinear(image(x), [5, 5], false, true),
    judge: 'finite differences',
  },
  {
    kernel: 'AvgPoolGrad, padding same',
    shape: [1, 3, 3, 1],
    apply: (x) => tf.avgPool(image(x), 2, 2, 'same'),
    judge: 'finite differences',
  },
  {
    kernel: 'AvgPool3DGrad, padding same',
    shape: [1, 3, 3, 3, 1],
    apply: (x) => tf.avgPool3d(volume(x), 2, 2, 'same'),
    judge: 'finite differences',
  },
  {
    kernel: 'Conv2D, padding same that needs none',
    shape: [1, 6, 6, 1],
    apply: (x) => tf.conv2d(image(x), filter(2, 2, 1, 1), 3, 'same'),
    judge: 'cpu, output',
  },
  {
    kernel: 'DepthwiseConv2dNative, padding same that needs none',
    shape: [1, 6, 6, 1],
    apply: (x) => tf.depthwiseConv2d(image(x), filter(2, 2, 1, 1), 3, 'same'),
    judge: 'cpu, output',
  },
  {
    kernel: 'Dilation2D',
    shape: [1, 3, 3, 2],
    apply: (x) => tf.dilation2d(image(x), filter(2, 2, 2), 1, 'valid', 1, 'NHWC'),
    judge: 'cpu, output',
  },
  {
    kernel: 'the gradient of Cumsum, axis 0',
    shape: [2, 2],
    apply: (x) => x.cumsum(0),
    judge: 'finite differences',
  },
  {
    kernel: 'Prelu, alpha [2, 1]',
    shape: [2, 2],
    apply: (x) => tf.prelu(x.abs().neg(), tf.tensor2d([0.5, 2], [2, 1])),
    judge: 'cpu, output',
  },
  {
    kernel: 'GatherV2, batchDims 1',
    shape: [2, 4, 3],
    apply: (x) => tf.gather(x, gathered(), 1, 1),
    judge: 'cpu, output',
  },
];

beforeAll(startBackends);

function gradientOf({ shape, apply }: Fault): {
  gradient: ArrayLike<number>;
  differencesError: number;
} {
  return tf.tidy(() => {
    const x = tf.variable(noiseTensor(shape, 1));
    const direction = noiseTensor(apply(x).shape, 3);
    const loss = (): tf.Scalar => apply(x).mul(direction).sum();
    const gradient = Object.values(tf.variableGrads(loss, [x]).grads)[0]!
      .dataSync()
      .slice();
    const differencesError = gradientError(loss, x, gradient);
    x.dispose();
    return { gradient, differencesError };
  });
}

const outputOf =
  ({ shape, apply }: Fault) =>
  (): ArrayLike<number> =>
    tf.tidy(() => apply(noiseTensor(shape, 1)).dataSync().slice());

async function isWrong(fault: Fault): Promise<boolean> {
  if (fault.judge === 'cpu, output')
    return (
      relativeError(await on('wasm', outputOf(fault)), await on('cpu', outputOf(fault))) > 1e-2
    );
  const actual = await on('wasm', () => gradientOf(fault));
  if (fault.judge === 'finite differences') return actual.differencesError > 5e-2;
  const expected = await on('cpu', () => gradientOf(fault));
  return relativeError(actual.gradient, expected.gradient) > 1e-2;
}

describe('the judges catch what the published kernels get wrong, and ours do not', () => {
  it.each(faults.map((fault) => [fault.kernel, fault] as const))('%s', async (_, fault) => {
    expect(await isWrong(fault)).toBe(true);
  });

  it('is right in every case after registration', async () => {
    const { registerTrainingKernels } = await import('../src/index.ts');
    registerTrainingKernels(tf, await import('@tensorflow/tfjs-backend-wasm'));
    const wrong: string[] = [];
    for (const fault of faults) if (await isWrong(fault)) wrong.push(fault.kernel);
    expect(wrong).toEqual([]);
  });
});
