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

/** A gradient for the WASM backend; undefined where the published one is right. */
export type WasmGradient = (
  dy: Tensor,
  saved: readonly Tensor[],
  attributes: Attributes,
) => Record<string, () => Tensor> | undefined;

/** Whether operations are being recorded for a gradient: inside of a gradient function, for one of second order. */
export const isRecording = (tf: TensorFlow): boolean => tf.engine().state.gradientDepth > 0;

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

/** A convolution and its two gradients: three products of three tensors, each the gradient of the others. */
const convolutions = [
  ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'],
  ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'],
  [
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
  ],
] as const;

/** The gradients of a convolution's gradients, as second order takes; the published ones, where there are any, leave out dilation. */
function registerSecondOrder(
  tf: TensorFlow,
  [forward, toInput, toFilter]: (typeof convolutions)[number],
): void {
  const forwards = (attributes: Attributes): object => ({ dilations: 1, ...attributes });
  const ofInputGradient: WasmGradient = (ddx, [dy, filter], attributes) => ({
    dy: () => runKernel(tf, forward, { x: ddx, filter }, forwards(attributes)),
    filter: () =>
      runKernel(tf, toFilter, { x: ddx, dy }, { ...attributes, filterShape: filter!.shape }),
  });
  const ofFilterGradient: WasmGradient = (ddw, [x, dy], attributes) => ({
    x: () => runKernel(tf, toInput, { dy, filter: ddw }, { ...attributes, inputShape: x!.shape }),
    dy: () => runKernel(tf, forward, { x, filter: ddw }, forwards(attributes)),
  });
  registerOrAdd(tf, toInput, ['dy', 'filter'], ofInputGradient);
  registerOrAdd(tf, toFilter, ['x', 'dy'], ofFilterGradient);
}

/** Puts a gradient before a published one, or in its place where TensorFlow.js has none. */
function registerOrAdd(
  tf: TensorFlow,
  kernelName: string,
  inputsToSave: readonly string[],
  ours: WasmGradient,
): void {
  if (tf.getGradient(kernelName) !== undefined) {
    registerBefore(tf, kernelName, ours);
    return;
  }
  const gradFunc = (dy: Tensor | Tensor[], saved: Tensor[], attributes: NamedAttrMap) =>
    ours(dy as Tensor, saved, attributes)!;
  tf.registerGradient({ kernelName, inputsToSave: [...inputsToSave], gradFunc });
}

/** Registers the gradients that TensorFlow.js 4.22 lacks or has wrong. */
export function registerMissingGradients(tf: TensorFlow): void {
  for (const convolution of convolutions) {
    const [kernelName, inputKernel, filterKernel] = convolution;
    registerBefore(tf, kernelName, ofDilated(tf, inputKernel, filterKernel));
    registerSecondOrder(tf, convolution);
  }
  for (const kernelName of ['Maximum', 'Minimum', 'SquaredDifference'])
    registerBefore(tf, kernelName, ofRepeated(tf, kernelName));
  registerBefore(tf, 'Cumsum', ofCumsum(tf));
  for (const kernelName of ['SplitV', 'Unpack'] as const)
    registerBefore(tf, kernelName, ofSinglePart(tf, kernelName));
  const comparisons = ['Equal', 'Greater', 'Less', 'LessEqual', 'LogicalAnd', 'NotEqual'];
  for (const comparison of comparisons) registerConstant(tf, comparison, ['a', 'b']);
  for (const kernelName of ['Any', 'LogicalNot']) registerConstant(tf, kernelName, ['x']);
}
