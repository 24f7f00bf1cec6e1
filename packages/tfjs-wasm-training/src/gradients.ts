import type {
  GradConfig,
  GradFunc,
  NamedAttrMap,
  NamedTensorMap,
  Tensor,
} from '@tensorflow/tfjs-core';
import type { TensorFlow } from './kernel.ts';

type Attributes = Record<string, unknown>;

/** Runs a kernel of the backend in use as an operation of TensorFlow.js. */
export function runKernel(
  tf: TensorFlow,
  name: string,
  inputs: object,
  attributes: object = {},
): Tensor {
  return tf.engine().runKernel(name, inputs as NamedTensorMap, attributes as NamedAttrMap);
}

/** A gradient for the WASM backend; undefined where the published one shall do. */
export type WasmGradient = (
  dy: Tensor,
  saved: readonly Tensor[],
  attributes: Attributes,
) => Record<string, () => Tensor> | undefined;

/** Puts a gradient before a published one, on the WASM backend only. */
export function registerBefore(tf: TensorFlow, kernelName: string, ours: WasmGradient): void {
  const published = tf.getGradient(kernelName);
  if (published === undefined) return;
  const gradFunc: GradFunc = (dy, saved, attributes) => {
    const found = tf.getBackend() === 'wasm' ? ours(dy as Tensor, saved, attributes) : undefined;
    return found ?? published.gradFunc(dy, saved, attributes);
  };
  tf.registerGradient({ ...published, gradFunc });
}

/** TensorFlow.js refuses dilated convolutions; our kernels take them. */
function ofDilated(tf: TensorFlow, inputKernel: string, filterKernel: string): WasmGradient {
  return (dy, [x, filter], attributes) => {
    const dilations = [attributes['dilations'] ?? 1].flat();
    if (dilations.every((dilation) => dilation === 1)) return undefined;
    return {
      x: () => runKernel(tf, inputKernel, { dy, filter }, { ...attributes, inputShape: x!.shape }),
      filter: () =>
        runKernel(tf, filterKernel, { x, dy }, { ...attributes, filterShape: filter!.shape }),
    };
  };
}

/** The published gradient, summed over the axes along which an input was repeated: TensorFlow.js leaves that out and then refuses. */
function ofRepeated(tf: TensorFlow, kernelName: string): WasmGradient {
  const { gradFunc } = tf.getGradient(kernelName)!;
  return (dy, saved, attributes) => {
    const gradients = Object.entries(gradFunc(dy, [...saved], attributes as NamedAttrMap));
    return Object.fromEntries(
      gradients.map(([name, gradient], i) => [name, () => sumTo(tf, gradient(), saved[i]!.shape)]),
    );
  };
}

/** Sums a gradient over the axes along which an input of this shape was repeated. */
export function sumTo(tf: TensorFlow, gradient: Tensor, shape: number[]): Tensor {
  const axes = tf.backend_util.getReductionAxes(shape, gradient.shape);
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), shape);
}

/** The published gradient leaves its axes turned, unless the last one was summed. */
function ofCumsum(tf: TensorFlow): WasmGradient {
  return (dy, _, attributes) => ({
    x: () =>
      runKernel(
        tf,
        'Cumsum',
        { x: dy },
        { ...attributes, reverse: attributes['reverse'] !== true },
      ),
  });
}

/** Split into a single part, a tensor's gradient comes alone and not in a list, which the published gradient does not expect. */
function ofSinglePart(tf: TensorFlow, kernelName: 'SplitV' | 'Unpack'): WasmGradient {
  return (dy, _, { axis }) => {
    if (Array.isArray(dy)) return undefined;
    return kernelName === 'SplitV'
      ? { x: () => runKernel(tf, 'Identity', { x: dy }) }
      : { value: () => runKernel(tf, 'ExpandDims', { input: dy }, { dim: axis }) };
  };
}

function registerMissing(tf: TensorFlow, gradient: GradConfig): void {
  if (tf.getGradient(gradient.kernelName) === undefined) tf.registerGradient(gradient);
}

/** A comparison is constant wherever it has a derivative. */
function registerConstant(tf: TensorFlow, kernelName: string, inputs: readonly string[]): void {
  registerMissing(tf, {
    kernelName,
    inputsToSave: [...inputs],
    gradFunc: (_, saved) =>
      Object.fromEntries(
        inputs.map((input, i) => [
          input,
          () => runKernel(tf, 'Fill', {}, { shape: saved[i]!.shape, value: 0, dtype: 'float32' }),
        ]),
      ),
  });
}

const dilated = [
  ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
  ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'],
  [
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
  ],
] as const;

/** Registers the gradients that TensorFlow.js 4.22 lacks or has wrong. */
export function registerMissingGradients(tf: TensorFlow): void {
  for (const [kernelName, inputKernel, filterKernel] of dilated)
    registerBefore(tf, kernelName, ofDilated(tf, inputKernel, filterKernel));
  for (const kernelName of ['Maximum', 'Minimum', 'SquaredDifference'])
    registerBefore(tf, kernelName, ofRepeated(tf, kernelName));
  registerBefore(tf, 'Cumsum', ofCumsum(tf));
  for (const kernelName of ['SplitV', 'Unpack'] as const)
    registerBefore(tf, kernelName, ofSinglePart(tf, kernelName));
  registerMissing(tf, {
    kernelName: 'Conv3DBackpropInputV2',
    inputsToSave: ['dy', 'filter'],
    gradFunc: (ddx, [dy, filter], attributes) => ({
      dy: () =>
        runKernel(tf, 'Conv3D', { x: ddx, filter }, { dilations: [1, 1, 1], ...attributes }),
      filter: () =>
        runKernel(
          tf,
          'Conv3DBackpropFilterV2',
          { x: ddx, dy },
          { ...attributes, filterShape: filter!.shape },
        ),
    }),
  });
  registerConstant(tf, 'Greater', ['a', 'b']);
  registerConstant(tf, 'NotEqual', ['a', 'b']);
  registerConstant(tf, 'Any', ['x']);
}
