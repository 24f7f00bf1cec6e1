import type { AvgPool3DGradAttrs, AvgPoolGradAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { runWindow, type WindowInfo } from '../geometry.ts';
import type { Kernel, TensorFlow, Kernels } from '../kernel.ts';

interface Gradient {
  readonly dy: TensorInfo;
  readonly input: TensorInfo;
}
/** How a pool's window is described from the shape of its input. */
type Describe<Attributes> = (
  tf: TensorFlow,
  shape: readonly number[],
  attributes: Attributes,
) => WindowInfo;

const flat: Describe<AvgPoolGradAttrs & { dimRoundingMode?: 'floor' | 'round' | 'ceil' }> = (
  { backend_util },
  shape,
  { filterSize, strides, pad, dimRoundingMode },
) =>
  backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );

const solid: Describe<AvgPool3DGradAttrs> = (
  { backend_util },
  shape,
  { filterSize, strides, pad, dimRoundingMode },
) =>
  backend_util.computePool3DInfo(
    shape as [number, number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );

/** (x, dy) → dx, shaped as x: each window's gradient goes to its first maximum. */
function maxGradient<Attributes>(describe: Describe<Attributes>): Kernel<Gradient, Attributes> {
  return (call) => {
    const { tf, backend, native, inputs, attributes } = call;
    const dx = backend.makeOutput(inputs.input.shape, 'float32');
    const info = describe(tf, inputs.input.shape, attributes);
    runWindow(call, native.maxPoolGradient, info, [inputs.input, inputs.dy, dx]);
    return dx;
  };
}

/** (x, dy) → dx, shaped as x: each window's gradient is shared by its places inside the image. */
function averageGradient<Attributes>(describe: Describe<Attributes>): Kernel<Gradient, Attributes> {
  return (call) => {
    const { tf, backend, native, inputs, attributes } = call;
    const dx = backend.makeOutput(inputs.input.shape, 'float32');
    const info = describe(tf, inputs.input.shape, attributes);
    runWindow(call, native.averagePoolGradient, info, [inputs.dy, dx]);
    return dx;
  };
}

const maxPool3D: Kernel<{ x: TensorInfo }, AvgPool3DGradAttrs> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const info = solid(tf, inputs.x.shape, attributes);
  const y = backend.makeOutput(info.outShape, 'float32');
  runWindow(call, native.maxPool, info, [inputs.x, y]);
  return y;
};

export const pooling: Kernels = {
  AvgPoolGrad: averageGradient(flat),
  AvgPool3DGrad: averageGradient(solid),
  MaxPoolGrad: maxGradient(flat),
  MaxPool3D: maxPool3D,
  MaxPool3DGrad: maxGradient(solid),
};
