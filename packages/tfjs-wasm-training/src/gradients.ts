import type {
  Conv2DAttrs,
  Conv3DAttrs,
  DepthwiseConv2dNativeAttrs,
  GradConfig,
  GradFunc,
  NamedAttrMap,
  NamedTensorMap,
  Tensor,
} from '@tensorflow/tfjs-core';
import type { TensorFlow } from './kernel.ts';

type Attributes = Record<string, unknown>;

function runKernel(tf: TensorFlow, name: string, inputs: object, attributes: object): Tensor {
  return tf.engine().runKernel(name, inputs as NamedTensorMap, attributes as NamedAttrMap);
}

/** The two gradients of a convolution, by the names of their kernels. */
function convolutionGradient(
  tf: TensorFlow,
  inputKernel: string,
  filterKernel: string,
): (dy: Tensor, saved: readonly Tensor[], attributes: Attributes) => Record<string, () => Tensor> {
  return (dy, [x, filter], attributes) => ({
    x: () => runKernel(tf, inputKernel, { dy, filter }, { ...attributes, inputShape: x!.shape }),
    filter: () =>
      runKernel(tf, filterKernel, { x, dy }, { ...attributes, filterShape: filter!.shape }),
  });
}

const isDilated = (dilations: unknown): boolean =>
  [dilations ?? 1].flat().some((dilation) => dilation !== 1);

/** TensorFlow.js refuses dilated convolutions; our kernels take them. Everything else stays as published. */
function registerDilated(
  tf: TensorFlow,
  kernelName: string,
  ours: ReturnType<typeof convolutionGradient>,
): void {
  const published = tf.getGradient(kernelName);
  if (published === undefined) return;
  const gradFunc: GradFunc = (dy, saved, attributes) => {
    const { dilations } = attributes as unknown as
      Conv2DAttrs | Conv3DAttrs | DepthwiseConv2dNativeAttrs;
    return tf.getBackend() === 'wasm' && isDilated(dilations)
      ? ours(dy as Tensor, saved, attributes)
      : published.gradFunc(dy, saved, attributes);
  };
  tf.registerGradient({ ...published, gradFunc });
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

/** Registers the gradients that TensorFlow.js 4.22 lacks and that its layers need. */
export function registerGradients(tf: TensorFlow): void {
  registerDilated(
    tf,
    'Conv2D',
    convolutionGradient(tf, 'Conv2DBackpropInput', 'Conv2DBackpropFilter'),
  );
  registerDilated(
    tf,
    'Conv3D',
    convolutionGradient(tf, 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'),
  );
  registerDilated(
    tf,
    'DepthwiseConv2dNative',
    convolutionGradient(
      tf,
      'DepthwiseConv2dNativeBackpropInput',
      'DepthwiseConv2dNativeBackpropFilter',
    ),
  );
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
