import type { FusedBatchNormAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address, withScratch, type WasmBackend } from '../backend.ts';
import { runKernel } from '../gradients.ts';
import type { Kernel, KernelCall, Kernels, TensorFlow } from '../kernel.ts';
import { memoryOf } from '../native.ts';

interface BatchNorm {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  offset?: TensorInfo | undefined;
  scale?: TensorInfo | undefined;
}

const bytesPerNumber = Float32Array.BYTES_PER_ELEMENT;

const rowsOf = ({ shape }: TensorInfo): number => shape.slice(0, -1).reduce((a, b) => a * b, 1);

/** The numbers of a float32 tensor, in place: gone when the backend next allocates. */
function numbersOf(backend: WasmBackend, tensor: TensorInfo): Float32Array {
  const length = tensor.shape.reduce((a, b) => a * b, 1);
  return new Float32Array(memoryOf(backend.wasm).buffer, address(backend, tensor), length);
}

/** y = x · factors + shifts, both one number a channel, made by `fill`. */
function affine(
  { backend, native }: Pick<KernelCall<unknown, unknown>, 'backend' | 'native'>,
  x: TensorInfo,
  fill: (factors: Float32Array, shifts: Float32Array) => void,
): TensorInfo {
  const channels = x.shape.at(-1)!;
  const y = backend.makeOutput(x.shape, 'float32');
  withScratch(backend, 2 * channels * bytesPerNumber, (at) => {
    const { buffer } = memoryOf(backend.wasm);
    const shiftsAt = at + channels * bytesPerNumber;
    fill(new Float32Array(buffer, at, channels), new Float32Array(buffer, shiftsAt, channels));
    native.affine(address(backend, x), at, shiftsAt, address(backend, y), rowsOf(x), channels);
  });
  return y;
}

/** Whether every statistic is one number a channel: the last axis. */
const isPerChannel = ({ x, mean, variance, offset, scale }: BatchNorm): boolean =>
  [mean, variance, offset ?? mean, scale ?? mean].every(
    ({ shape }) => shape.length === 1 && shape[0] === x.shape.at(-1),
  );

/**
 * TensorFlow.js names a scale and an offset also where a layer has none, and then fails when it records them for the gradient. It records after
 * the kernel has run, so the kernel takes the one out and puts ones for the other.
 */
function completeInputs(tf: TensorFlow, inputs: BatchNorm): void {
  if (inputs.offset === undefined) delete inputs.offset;
  inputs.scale ??= runKernel(
    tf,
    'Fill',
    {},
    { shape: inputs.mean.shape, value: 1, dtype: 'float32' },
  );
}

const normalize: Kernel<BatchNorm, FusedBatchNormAttrs> = (call) => {
  const { tf, backend, inputs, attributes } = call;
  completeInputs(tf, inputs);
  if (!isPerChannel(inputs) || inputs.x.shape.includes(0))
    return call.published(inputs, attributes);
  return affine(call, inputs.x, (factors, shifts) => {
    const [means, variances] = [inputs.mean, inputs.variance].map((t) => numbersOf(backend, t));
    const scales = inputs.scale && numbersOf(backend, inputs.scale);
    const offsets = inputs.offset && numbersOf(backend, inputs.offset);
    for (let c = 0; c < factors.length; c++) {
      factors[c] = (scales?.[c] ?? 1) / Math.sqrt(variances![c]! + attributes.varianceEpsilon);
      shifts[c] = (offsets?.[c] ?? 0) - means![c]! * factors[c]!;
    }
  });
};

/** (x, dy, mean [channels]) → [2, channels]: Σ dy, and Σ dy · (x − mean). */
const gradientSums: Kernel<{ x: TensorInfo; dy: TensorInfo; mean: TensorInfo }, object> = ({
  backend,
  native,
  inputs: { x, dy, mean },
}) => {
  const channels = x.shape.at(-1)!;
  const sums = backend.makeOutput([2, channels], 'float32');
  const at = address(backend, sums);
  native.batchNormSums(
    ...[x, dy, mean].map((tensor) => address(backend, tensor)),
    ...[at, at + channels * bytesPerNumber],
    ...[rowsOf(x), channels],
  );
  return sums;
};

/** What the gradient takes of the forward kernel's attributes. */
export type BatchNormGradientAttributes = Pick<FusedBatchNormAttrs, 'varianceEpsilon'>;
type Gradient = Record<'x' | 'dy' | 'mean' | 'variance' | 'scale', TensorInfo>;

/** (x, dy, mean and variance of x, scale) → dx, shaped as x, and the gradients of scale and offset [channels]. */
const gradient: Kernel<Gradient, BatchNormGradientAttributes> = ({
  backend,
  native,
  inputs: { x, dy, mean, variance, scale },
  attributes: { varianceEpsilon },
}) => {
  const channels = x.shape.at(-1)!;
  const outputs = [x.shape, mean.shape, mean.shape].map((shape) =>
    backend.makeOutput(shape, 'float32'),
  );
  withScratch(backend, 3 * channels * bytesPerNumber, (scratch) => {
    const tensors = [x, dy, mean, variance, scale, ...outputs];
    native.batchNormGradient(
      ...tensors.map((tensor) => address(backend, tensor)),
      ...[scratch, rowsOf(x), channels, varianceEpsilon],
    );
  });
  return outputs;
};

/** (dy, factors [channels]) → dy · factors. */
const scaleChannels: Kernel<{ dy: TensorInfo; factors: TensorInfo }, object> = (call) => {
  const { backend, inputs } = call;
  return affine(call, inputs.dy, (factors, shifts) => {
    factors.set(numbersOf(backend, inputs.factors));
    shifts.fill(0);
  });
};

export const batchNorm: Kernels = {
  FusedBatchNorm: normalize,
  TrainingBatchNormGradient: gradient,
  TrainingBatchNormSums: gradientSums,
  TrainingScaleChannels: scaleChannels,
};
