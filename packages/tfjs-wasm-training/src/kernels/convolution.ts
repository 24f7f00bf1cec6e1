import type {
  backend_util,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { runWindow } from '../geometry.ts';
import type { Kernel, KernelCall, TensorFlow, Kernels } from '../kernel.ts';
import { suitsWinograd } from './winograd.ts';

type Shape4 = [number, number, number, number];
/** The published attributes; `dilations` is ours, for the gradients of dilated convolutions. */
interface Attributes extends Pick<
  Conv2DBackpropFilterAttrs,
  'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'
> {
  readonly dilations?: number | [number, number];
}

function convolution(
  tf: TensorFlow,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dimRoundingMode, dilations = 1 }: Attributes,
): backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    tf.backend_util.convertConv2DDataFormat(dataFormat),
  );
}

/** (x [batch, height, width, in], dy [batch, outHeight, outWidth, out]) → dw [filterHeight, filterWidth, in, out]. */
const filterGradient: Kernel<
  { x: TensorInfo; dy: TensorInfo },
  Conv2DBackpropFilterAttrs & Attributes
> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const info = convolution(tf, inputs.x.shape, attributes.filterShape, attributes);
  const dw = backend.makeOutput(info.filterShape, 'float32');
  const tensors = [inputs.x, inputs.dy, dw];
  if (suitsWinograd(info))
    runWindow(call, native.winogradFilterGradient, info, tensors, native.winogradScratch);
  else runWindow(call, native.convFilterGradient, info, tensors, native.convFilterGradientScratch);
  return dw;
};

type InputGradient = KernelCall<
  { dy: TensorInfo; filter: TensorInfo },
  Conv2DBackpropInputAttrs & Attributes
>;

/** (dy [batch, outHeight, outWidth, out], filter) → dx [batch, height, width, in]. */
function inputGradient(call: InputGradient): TensorInfo {
  const { tf, backend, native, inputs, attributes } = call;
  const info = convolution(tf, attributes.inputShape, inputs.filter.shape, attributes);
  const pads = undoingPads(info);
  if (pads !== undefined) return convolveFlipped(call, info, pads);
  const dx = backend.makeOutput(info.inShape, 'float32');
  const tensors = [inputs.filter, inputs.dy, dx];
  runWindow(call, native.convInputGradient, info, tensors, native.convInputGradientScratch);
  return dx;
}

type Pads = readonly (readonly [number, number])[];

/** The padding of dy with which a convolution of stride 1 undoes one of stride 1; undefined where it would be negative. */
function undoingPads(info: backend_util.Conv2DInfo): Pads | undefined {
  if (info.strideHeight !== 1 || info.strideWidth !== 1) return undefined;
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) return undefined;
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const bottom = info.inHeight - info.outHeight + info.padInfo.top;
  const right = info.inWidth - info.outWidth + info.padInfo.left;
  if (Math.min(top, left, bottom, right) < 0) return undefined;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/** At stride 1 the published convolution is fastest: of dy with the filter reversed and its channels swapped. */
function convolveFlipped(
  call: InputGradient,
  info: backend_util.Conv2DInfo,
  pad: Pads,
): TensorInfo {
  const { backend, native, inputs, run } = call;
  const shape = [info.filterHeight, info.filterWidth, info.outChannels, info.inChannels];
  const flipped = backend.makeOutput(shape, 'float32');
  runWindow(call, native.flipFilter, info, [inputs.filter, flipped]);
  const attributes = { strides: [1, 1], dilations: [1, 1], pad, dataFormat: 'NHWC' };
  const dx = run('Conv2D', { x: inputs.dy, filter: flipped }, attributes);
  backend.disposeData(flipped.dataId);
  return dx;
}

export const convolution2d: Kernels = {
  Conv2DBackpropFilter: filterGradient,
  Conv2DBackpropInput: inputGradient,
};
