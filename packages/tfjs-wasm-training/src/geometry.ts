import type { backend_util, Conv2DAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address, withScratch } from './backend.ts';
import type { KernelCall, TensorFlow } from './kernel.ts';
import { memoryOf, type Measure, type Procedure } from './native.ts';

/** A window that slides over an image or a volume, as TensorFlow.js describes it. */
export type WindowInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** The numbers of `Geometry` in `native/geometry.ts`, in its order. */
function geometryOf(info: WindowInfo): number[] {
  const depth = 'inDepth' in info ? info : undefined;
  return [
    ...[info.batchSize, depth?.inDepth ?? 1, info.inHeight, info.inWidth, info.inChannels],
    ...[depth?.outDepth ?? 1, info.outHeight, info.outWidth, info.outChannels],
    ...[depth?.filterDepth ?? 1, info.filterHeight, info.filterWidth],
    ...[depth?.strideDepth ?? 1, info.strideHeight, info.strideWidth],
    ...[depth?.dilationDepth ?? 1, info.dilationHeight, info.dilationWidth],
    ...[depth?.padInfo.front ?? 0, info.padInfo.top, info.padInfo.left],
  ];
}

/** Calls a native function with the geometry, the tensors' addresses and, if it has a measure, its scratch memory. */
export function runWindow(
  { backend }: Pick<KernelCall<unknown, unknown>, 'backend'>,
  procedure: Procedure,
  info: WindowInfo,
  tensors: readonly TensorInfo[],
  measure?: Measure,
): void {
  const numbers = geometryOf(info);
  withScratch(backend, numbers.length * Int32Array.BYTES_PER_ELEMENT, (geometry) => {
    new Int32Array(memoryOf(backend.wasm).buffer, geometry, numbers.length).set(numbers);
    const addresses = tensors.map((tensor) => address(backend, tensor));
    if (measure === undefined) {
      procedure(geometry, ...addresses);
      return;
    }
    withScratch(backend, measure(geometry), (scratch) => {
      procedure(geometry, ...addresses, scratch);
    });
  });
}

type Shape4 = [number, number, number, number];
/** The depthwise layer passes null for no dilation. */
export interface ForwardAttributes extends Omit<Conv2DAttrs, 'dilations'> {
  readonly dilations: Conv2DAttrs['dilations'] | null;
}

/** The geometry of a forward convolution. */
export function describeForward(
  { backend_util }: TensorFlow,
  { x, filter }: { x: TensorInfo; filter: TensorInfo },
  { strides, dilations, pad, dimRoundingMode }: ForwardAttributes,
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
