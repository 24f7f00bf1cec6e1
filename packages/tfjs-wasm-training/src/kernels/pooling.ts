import type { MaxPoolGradAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address } from '../backend.ts';
import type { Kernel } from '../kernel.ts';

/** (x [batch, height, width, channels], dy [batch, outHeight, outWidth, channels]) → dx, shaped as x. */
export const maxPoolGrad: Kernel<{ dy: TensorInfo; input: TensorInfo }, MaxPoolGradAttrs> = ({
  tf,
  backend,
  native,
  inputs: { dy, input },
  attributes: { filterSize, strides, pad, dimRoundingMode },
}) => {
  const info = tf.backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const dx = backend.makeOutput(input.shape, 'float32');
  native.maxPoolGradient(
    address(backend, input),
    address(backend, dy),
    address(backend, dx),
    ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels],
    ...[info.outHeight, info.outWidth, info.filterHeight, info.filterWidth],
    ...[info.strideHeight, info.strideWidth, info.padInfo.top, info.padInfo.left],
  );
  return dx;
};
