import type { backend_util, Conv2DAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import type { Kernel, TensorFlow, Kernels } from '../kernel.ts';

type Shape4 = [number, number, number, number];
/** The depthwise layer passes null for no dilation. */
interface Attributes extends Omit<Conv2DAttrs, 'dilations'> {
  readonly dilations: Conv2DAttrs['dilations'] | null;
}

/**
 * The published convolutions read the wrong pixels where 'same' needs no padding because the stride skips the last ones
 * (filter 2, stride 3, length 6). With the padding spelled out they are right.
 */
function spellOutPadding(
  isDepthwise: boolean,
): Kernel<{ x: TensorInfo; filter: TensorInfo }, Attributes> {
  return ({ tf, inputs, attributes, published }) => {
    if (attributes.pad !== 'same' || attributes.dataFormat === 'NCHW')
      return published(inputs, attributes);
    const info = describe(tf, inputs, attributes, isDepthwise);
    if (!skipsPixels(info)) return published(inputs, attributes);
    const { top, bottom, left, right } = info.padInfo;
    const pad = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    return published(inputs, { ...attributes, pad });
  };
}

function describe(
  { backend_util }: TensorFlow,
  { x, filter }: { x: TensorInfo; filter: TensorInfo },
  { strides, dilations, pad, dimRoundingMode }: Attributes,
  isDepthwise: boolean,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    x.shape as Shape4,
    filter.shape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    isDepthwise,
  );
}

function skipsPixels(info: backend_util.Conv2DInfo): boolean {
  const height = (info.outHeight - 1) * info.strideHeight + info.effectiveFilterHeight;
  const width = (info.outWidth - 1) * info.strideWidth + info.effectiveFilterWidth;
  return height < info.inHeight || width < info.inWidth;
}

export const samePadding: Kernels = {
  Conv2D: spellOutPadding(false),
  FusedConv2D: spellOutPadding(false),
  DepthwiseConv2dNative: spellOutPadding(true),
  FusedDepthwiseConv2D: spellOutPadding(true),
};
