import type { ResizeBilinearAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';
import type { Native } from '../native.ts';

/** (images [batch, height, width, channels], dy) → dx, shaped as images. */
function resizeGradient(
  name: 'resizeBilinearGradient' | 'resizeNearestGradient',
): Kernel<{ images: TensorInfo; dy: TensorInfo }, ResizeBilinearAttrs> {
  return ({ backend, native, inputs: { images, dy }, attributes }) => {
    const [batch, inHeight, inWidth, channels] = images.shape as [number, number, number, number];
    const [, outHeight, outWidth] = dy.shape as [number, number, number, number];
    const dx = backend.makeOutput(images.shape, 'float32');
    const procedure: Native[typeof name] = native[name];
    procedure(
      address(backend, dy),
      address(backend, dx),
      ...[batch, inHeight, inWidth, outHeight, outWidth, channels],
      ...[Number(attributes.alignCorners), Number(attributes.halfPixelCenters)],
    );
    return dx;
  };
}

export const resizing: Kernels = {
  ResizeBilinearGrad: resizeGradient('resizeBilinearGradient'),
  ResizeNearestNeighborGrad: resizeGradient('resizeNearestGradient'),
};
