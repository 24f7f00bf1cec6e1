import type {
  Conv3DBackpropFilterV2Attrs,
  Conv3DBackpropInputV2Attrs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { runWindow } from '../geometry.ts';
import type { Kernel, Kernels } from '../kernel.ts';

type Shape5 = [number, number, number, number, number];
/** Not among the published attributes: for the gradients of dilated convolutions. */
interface Dilated {
  readonly dilations?: number | [number, number, number];
}

/** (x [batch, depth, height, width, in], dy) → dw [filterDepth, filterHeight, filterWidth, in, out]. */
const filterGradient: Kernel<
  { x: TensorInfo; dy: TensorInfo },
  Conv3DBackpropFilterV2Attrs & Dilated
> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const { filterShape, strides, pad, dilations = 1 } = attributes;
  const info = tf.backend_util.computeConv3DInfo(
    inputs.x.shape as Shape5,
    filterShape,
    strides,
    dilations,
    pad,
  );
  const dw = backend.makeOutput(filterShape, 'float32');
  const tensors = [inputs.x, inputs.dy, dw];
  runWindow(call, native.convFilterGradient, info, tensors, native.convFilterGradientScratch);
  return dw;
};

/** (dy, filter) → dx [batch, depth, height, width, in]. */
const inputGradient: Kernel<
  { dy: TensorInfo; filter: TensorInfo },
  Conv3DBackpropInputV2Attrs & Dilated
> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const { inputShape, strides, pad, dilations = 1 } = attributes;
  const filterShape = inputs.filter.shape as Shape5;
  const info = tf.backend_util.computeConv3DInfo(inputShape, filterShape, strides, dilations, pad);
  const dx = backend.makeOutput(inputShape, 'float32');
  const tensors = [inputs.filter, inputs.dy, dx];
  runWindow(call, native.convInputGradient, info, tensors, native.convInputGradientScratch);
  return dx;
};

export const convolution3d: Kernels = {
  Conv3DBackpropFilterV2: filterGradient,
  Conv3DBackpropInputV2: inputGradient,
};
