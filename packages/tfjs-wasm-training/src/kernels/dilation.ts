import type { Dilation2DAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { runWindow } from '../geometry.ts';
import type { Kernel, Kernels } from '../kernel.ts';
import type { Native } from '../native.ts';

/** Greyscale dilation and its two gradients: (x, filter) → y, (x, filter, dy) → dx, (x, filter, dy) → dw. */
function dilation(
  name: 'dilation' | 'dilationInputGradient' | 'dilationFilterGradient',
): Kernel<{ x: TensorInfo; filter: TensorInfo; dy?: TensorInfo }, Dilation2DAttrs> {
  return (call) => {
    const { tf, backend, native, inputs, attributes } = call;
    const { strides, pad, dilations } = attributes;
    const info = tf.backend_util.computeDilation2DInfo(
      inputs.x.shape as [number, number, number, number],
      inputs.filter.shape as [number, number, number],
      strides,
      pad,
      'NHWC',
      dilations,
    );
    const shapes = {
      dilation: info.outShape,
      dilationInputGradient: info.inShape,
      dilationFilterGradient: inputs.filter.shape,
    };
    const result = backend.makeOutput(shapes[name], 'float32');
    const gradient = inputs.dy === undefined ? [] : [inputs.dy];
    const procedure: Native[typeof name] = native[name];
    runWindow(call, procedure, info, [inputs.x, inputs.filter, ...gradient, result]);
    return result;
  };
}

export const dilations: Kernels = {
  Dilation2D: dilation('dilation'),
  Dilation2DBackpropInput: dilation('dilationInputGradient'),
  Dilation2DBackpropFilter: dilation('dilationFilterGradient'),
};
