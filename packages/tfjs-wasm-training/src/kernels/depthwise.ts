import type {
  backend_util,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { runWindow } from '../geometry.ts';
import type { Kernel, TensorFlow, Kernels } from '../kernel.ts';

type Shape4 = [number, number, number, number];
type Attributes = Omit<DepthwiseConv2dNativeBackpropFilterAttrs, 'filterShape'>;

function convolution(
  { backend_util }: TensorFlow,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations, dimRoundingMode }: Attributes,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );
}

/** (x [batch, height, width, in], dy [batch, outHeight, outWidth, in · multiplier]) → dw [filterHeight, filterWidth, in, multiplier]. */
const filterGradient: Kernel<
  { x: TensorInfo; dy: TensorInfo },
  DepthwiseConv2dNativeBackpropFilterAttrs
> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const info = convolution(tf, inputs.x.shape, attributes.filterShape, attributes);
  const dw = backend.makeOutput(attributes.filterShape, 'float32');
  const tensors = [inputs.x, inputs.dy, dw];
  runWindow(call, native.depthwiseFilterGradient, info, tensors, native.depthwiseScratch);
  return dw;
};

/** (dy, filter) → dx [batch, height, width, in]. */
const inputGradient: Kernel<
  { dy: TensorInfo; filter: TensorInfo },
  DepthwiseConv2dNativeBackpropInputAttrs
> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const info = convolution(tf, attributes.inputShape, inputs.filter.shape, attributes);
  const dx = backend.makeOutput(info.inShape, 'float32');
  const tensors = [inputs.filter, inputs.dy, dx];
  runWindow(call, native.depthwiseInputGradient, info, tensors, native.depthwiseScratch);
  return dx;
};

export const depthwise: Kernels = {
  DepthwiseConv2dNativeBackpropFilter: filterGradient,
  DepthwiseConv2dNativeBackpropInput: inputGradient,
};
