import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { describeForward, type ForwardAttributes } from '../geometry.ts';
import type { Kernel, Kernels } from '../kernel.ts';
import { noted } from './noted.ts';
import { byWinograd } from './winograd.ts';

/**
 * The published convolutions read the wrong pixels where 'same' needs no padding because the stride skips the last ones
 * (filter 2, stride 3, length 6). With the padding spelled out they are right.
 */
function spellOutPadding(
  isDepthwise: boolean,
): Kernel<{ x: TensorInfo; filter: TensorInfo }, ForwardAttributes, TensorInfo> {
  return ({ tf, inputs, attributes, published }) => {
    if (attributes.pad !== 'same' || attributes.dataFormat === 'NCHW')
      return published(inputs, attributes);
    const info = describeForward(tf, inputs, attributes, isDepthwise);
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

function skipsPixels(info: backend_util.Conv2DInfo): boolean {
  const height = (info.outHeight - 1) * info.strideHeight + info.effectiveFilterHeight;
  const width = (info.outWidth - 1) * info.strideWidth + info.effectiveFilterWidth;
  return height < info.inHeight || width < info.inWidth;
}

export const samePadding: Kernels = {
  Conv2D: byWinograd(spellOutPadding(false)),
  FusedConv2D: noted(byWinograd(spellOutPadding(false))),
  DepthwiseConv2dNative: spellOutPadding(true),
  FusedDepthwiseConv2D: spellOutPadding(true),
};
