import type {
  backend_util,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { address, withScratch } from '../backend.ts';
import type { Kernel, KernelCall, TensorFlow } from '../kernel.ts';

type Shape4 = [number, number, number, number];
type Attributes = Pick<
  Conv2DBackpropFilterAttrs,
  'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'
>;

function convolution(
  tf: TensorFlow,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dimRoundingMode }: Attributes,
): backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    1,
    pad,
    dimRoundingMode,
    false,
    tf.backend_util.convertConv2DDataFormat(dataFormat),
  );
}

/** (x [batch, height, width, in], dy [batch, outHeight, outWidth, out]) → dw [filterHeight, filterWidth, in, out]. */
export const conv2DBackpropFilter: Kernel<
  { x: TensorInfo; dy: TensorInfo },
  Conv2DBackpropFilterAttrs
> = ({ tf, backend, native, inputs: { x, dy }, attributes }) => {
  const info = convolution(tf, x.shape, attributes.filterShape, attributes);
  const dw = backend.makeOutput(info.filterShape, 'float32');
  const out = [info.outHeight, info.outWidth, info.outChannels] as const;
  const filter = [
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
  ] as const;
  const bytes = native.convFilterGradientScratch(info.inChannels, ...out, ...filter);
  withScratch(backend, bytes, (scratch) => {
    native.convFilterGradient(
      address(backend, x),
      address(backend, dy),
      address(backend, dw),
      scratch,
      ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels],
      ...out,
      ...filter,
      ...[info.padInfo.top, info.padInfo.left],
    );
  });
  return dw;
};

/** (dy [batch, outHeight, outWidth, out], filter) → dx [batch, height, width, in]: the convolution of dy, spread by the stride, with the flipped filter. */
export const conv2DBackpropInput: Kernel<
  { dy: TensorInfo; filter: TensorInfo },
  Conv2DBackpropInputAttrs
> = (call) => {
  const { tf, backend, native, inputs, attributes, run } = call;
  const info = convolution(tf, attributes.inputShape, inputs.filter.shape, attributes);
  const flippedShape = [info.filterHeight, info.filterWidth, info.outChannels, info.inChannels];
  const flipped = backend.makeOutput(flippedShape, 'float32');
  native.flipFilter(
    address(backend, inputs.filter),
    address(backend, flipped),
    ...[info.filterHeight * info.filterWidth, info.inChannels, info.outChannels],
  );
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const bottom = info.inHeight - info.outHeight + info.padInfo.top;
  const right = info.inWidth - info.outWidth + info.padInfo.left;
  const isStride1 = info.strideHeight === 1 && info.strideWidth === 1;
  const fits = isStride1 && Math.min(top, left, bottom, right) >= 0;
  const spread = fits ? inputs.dy : spreadByStride(call, info, top, left);
  const pads = fits ? [top, bottom, left, right] : [0, 0, 0, 0];
  const dx = run(
    'Conv2D',
    { x: spread, filter: flipped },
    {
      strides: [1, 1],
      dilations: [1, 1],
      pad: [[0, 0], pads.slice(0, 2), pads.slice(2), [0, 0]],
      dataFormat: 'NHWC',
    },
  );
  backend.disposeData(flipped.dataId);
  if (spread !== inputs.dy) backend.disposeData(spread.dataId);
  return dx;
};

function spreadByStride(
  { backend, native, inputs: { dy } }: KernelCall<{ dy: TensorInfo }, unknown>,
  info: backend_util.Conv2DInfo,
  top: number,
  left: number,
): TensorInfo {
  const height = info.inHeight + info.filterHeight - 1;
  const width = info.inWidth + info.filterWidth - 1;
  const spread = backend.makeOutput([info.batchSize, height, width, info.outChannels], 'float32');
  native.spreadGradient(
    address(backend, dy),
    address(backend, spread),
    ...[info.batchSize, info.outHeight, info.outWidth, info.outChannels],
    ...[height, width, info.strideHeight, info.strideWidth, top, left],
  );
  return spread;
}
