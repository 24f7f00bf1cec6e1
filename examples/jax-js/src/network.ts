import { lax, nn, numpy as np, random } from '@jax-js/jax';

/** Kernels `[out, in, height, width]` or `[in, out]`, and biases; jax-js maps over their names. */
export type Parameters = Readonly<
  Record<'conv1' | 'bias1' | 'conv2' | 'bias2' | 'dense' | 'bias3', np.Array>
>;

/** Images are `[side, side]`, and each convolution halves the side. */
export interface NetworkShape {
  readonly side: number;
  readonly filters: readonly [number, number];
  readonly classes: number;
}

/** Weights of deviation √(2/inputs), biases 0. He et al. 2015, §2.2. */
export function createParameters(
  { side, filters: [first, second], classes }: NetworkShape,
  seed: number,
): Parameters {
  const features = second * Math.ceil(side / 4) ** 2;
  const gaussian = (shape: number[], inputs: number, key: number): np.Array =>
    random.normal(random.key(3 * seed + key), shape).mul(Math.sqrt(2 / inputs));
  return {
    conv1: gaussian([first, 1, 3, 3], 9, 0),
    bias1: np.zeros([first]),
    conv2: gaussian([second, first, 3, 3], 9 * first, 1),
    bias2: np.zeros([second]),
    dense: gaussian([features, classes], features, 2),
    bias3: np.zeros([classes]),
  };
}

/** Logits `[rows, classes]` of images `[rows, 1, side, side]`. Like every function of jax-js, it consumes its arguments. */
export function logits(parameters: Parameters, images: np.Array): np.Array {
  const { conv1, bias1, conv2, bias2, dense, bias3 } = parameters;
  const convolve = (input: np.Array, kernel: np.Array, bias: np.Array): np.Array =>
    nn.relu(lax.conv(input, kernel, [2, 2], 'SAME').add(bias.reshape([1, -1, 1, 1])));
  const features = convolve(convolve(images, conv1, bias1), conv2, bias2);
  return np.matmul(features.reshape([features.shape[0]!, -1]), dense).add(bias3);
}

/** Mean cross-entropy of a batch; labels are one-hot, `[rows, classes]`. */
export function crossEntropy(parameters: Parameters, images: np.Array, labels: np.Array): np.Array {
  const rows = labels.shape[0]!;
  return nn
    .logSoftmax(logits(parameters, images))
    .mul(labels)
    .sum()
    .mul(-1 / rows);
}
