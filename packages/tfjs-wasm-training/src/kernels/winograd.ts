import type { backend_util, FusedConv2DAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address } from '../backend.ts';
import { describeForward, runWindow, type ForwardAttributes } from '../geometry.ts';
import type { Kernel, KernelCall } from '../kernel.ts';

/** Smaller images are mostly edge, and their tiles mostly outside of it. */
const leastSize = 4;

/** Whether the native module's Winograd convolution can do it, and faster than the published one. */
export function suitsWinograd(info: backend_util.Conv2DInfo): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } =
    info;
  const sizes = [filterHeight, filterWidth].every((size) => size === 3);
  const steps = [strideHeight, strideWidth, dilationHeight, dilationWidth].every(
    (step) => step === 1,
  );
  const channels = [info.inChannels, info.outChannels].every((count) => count % 8 === 0);
  const isWide = Math.min(info.outHeight, info.outWidth) >= leastSize;
  return sizes && steps && channels && isWide && info.dataFormat === 'channelsLast';
}

interface Inputs {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo | null;
}
type Attributes = ForwardAttributes & Pick<FusedConv2DAttrs, 'activation'>;

/** y = activation(x ∗ filter + bias) by Winograd's method where that is faster, else by another kernel. */
export function byWinograd(
  otherwise: Kernel<Inputs, Attributes, TensorInfo>,
): Kernel<Inputs, Attributes, TensorInfo> {
  return (call) => {
    const { tf, inputs, attributes } = call;
    const { activation } = attributes;
    const isKnown = [undefined, null, 'linear', 'relu'].includes(activation);
    const isFloat = inputs.x.dtype === 'float32' && attributes.dataFormat !== 'NCHW';
    if (!isKnown || !isFloat || inputs.x.shape.includes(0)) return otherwise(call);
    const info = describeForward(tf, inputs, attributes, false);
    const biasSize =
      inputs.bias == null ? info.outChannels : tf.util.sizeFromShape(inputs.bias.shape);
    if (!suitsWinograd(info) || biasSize !== info.outChannels) return otherwise(call);
    return convolve(call, info, activation === 'relu' ? 0 : -Infinity);
  };
}

function convolve(
  call: KernelCall<Inputs, Attributes>,
  info: backend_util.Conv2DInfo,
  floor: number,
): TensorInfo {
  const { backend, native, inputs } = call;
  const y = backend.makeOutput(info.outShape, 'float32');
  const bias = inputs.bias == null ? 0 : address(backend, inputs.bias);
  const tensors = [inputs.x, inputs.filter, y];
  const procedure = (...numbers: readonly number[]): void => {
    native.winograd(...numbers, bias, floor);
  };
  runWindow(call, procedure, info, tensors, native.winogradScratch);
  return y;
}
