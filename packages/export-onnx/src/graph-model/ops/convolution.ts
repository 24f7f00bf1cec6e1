import { channelsFirst } from '../../graph/layout.ts';
import { transpose } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { kernelInput } from '../../graph/spatial.ts';
import type { Value } from '../../graph/value.ts';
import { int, ints } from '../../onnx/model.ts';
import { reshaped, transposed } from '../../onnx/tensor-data.ts';
import {
  checkRank,
  emits,
  exact,
  input,
  stored,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { fusedOf } from './fused.ts';
import { pool } from './pool.ts';
import { dataFormatOf, floatInput, mustBeLast, place, windowsOf } from './windows.ts';

/** A weight in ONNX's order: a constant is turned before the run. */
function kernelOf(
  call: OpCall,
  { data }: Tensor,
  perm: readonly number[],
  shape?: readonly number[],
): Value {
  if (data !== undefined) {
    const turned = transposed(data, perm);
    return call.graph.constant('kernel', shape === undefined ? turned : reshaped(turned, shape));
  }
  const turned = transpose(call.graph, stored(call, 1), perm);
  if (shape === undefined) return turned;
  const target = call.dims.vector(call.graph, shape);
  return call.graph.op('Reshape', [turned, target], { dtype: 'float32', shape });
}

const convolution = (rank: number, isDepthwise: boolean): OpConverter =>
  emits((call) => {
    const format = dataFormatOf(call);
    if (isDepthwise) mustBeLast(call);
    const filter = input(call, 1);
    const shape = filter.shape.map((_, axis) =>
      exact(filter.shape, axis, 'the shape of the filter'),
    );
    if (shape.length !== rank + 2)
      throw new Refusal(`its filter has rank ${shape.length}`, 'Convert the model again.');
    const windows = windowsOf(call, shape.slice(0, rank), format);
    const from = kernelInput(call.graph, floatInput(call, rank + 2), format);
    const [inner, outer] = [shape[rank]!, shape[rank + 1]!];
    const filters = isDepthwise ? inner * outer : outer;
    const sides = windows.kernel.map((_, side) => side);
    const kernel = isDepthwise
      ? kernelOf(call, filter, [rank, rank + 1, ...sides], [filters, 1, ...windows.kernel])
      : kernelOf(call, filter, [rank + 1, rank, ...sides]);
    if (isDepthwise ? from.channels !== inner : from.channels % inner !== 0)
      throw new Refusal(
        `its input has ${from.channels} channels, its filter ${inner}`,
        'Convert the model again.',
      );
    const { input: x, sizes, attributes } = place(call, from, windows);
    const fused = fusedOf(call);
    const inputs = [
      x,
      kernel,
      ...(fused.bias === undefined ? [] : [vectorOf(call, fused.bias, filters)]),
    ];
    const output = call.graph.op('Conv', inputs, from.output(filters, sizes), {
      ...attributes,
      dilations: ints(windows.dilations),
      group: int(isDepthwise ? inner : from.channels / inner),
      kernel_shape: ints(windows.kernel),
    });
    return fused.activate(output);
  });

function vectorOf(call: OpCall, tensor: Tensor, length: number): Value {
  const shape = [length];
  if (tensor.data !== undefined && tensor.data.shape.join() !== `${length}`)
    throw new Refusal(
      `its bias is [${tensor.shape.join(', ')}], must be [${length}]`,
      'Convert the model again.',
    );
  return { ...tensor.value(call.scope), shape };
}

// Y = ConvTranspose(X, W), W [in, out, ...spatial]   (opset 11): the size of the output decides how it is padded
const transposedConvolution = emits((call) => {
  mustBeLast(call);
  checkRank(call, 1, 4, 4);
  checkRank(call, 2, 4, 4);
  const filter = input(call, 1);
  const [height, width, filters, channels] = filter.shape.map((_, axis) =>
    exact(filter.shape, axis, 'the shape of the filter'),
  ) as [number, number, number, number];
  const windows = windowsOf(call, [height, width], 'channelsLast');
  if (windows.pads !== undefined || windows.dilations.some((dilation) => dilation > 1))
    throw new Refusal(
      'it has dilations or pads of its own, which do not run in tfjs',
      'Use SAME or VALID.',
    );
  const x = channelsFirst(call.graph, input(call, 2).value(call.scope));
  const target = input(call, 0).known;
  const sizes = target?.slice(1, 3) ?? [undefined, undefined];
  const places = sizes.map((size, side) => {
    const [reach, stride] = [windows.kernel[side]!, windows.strides[side]!];
    const given = x.shape[side + 1]!;
    if (typeof size === 'number' && typeof given === 'number') {
      // Pads of the convolution that this one is the transpose of.
      const total =
        windows.padding === 'valid' ? 0 : Math.max(0, (given - 1) * stride + reach - size);
      const begin = Math.floor(total / 2);
      const extra = size - ((given - 1) * stride + reach - total);
      if (extra < 0)
        throw new Refusal(`its output of ${size} is too small`, 'Convert the model again.');
      return { begin, end: total - begin, extra, size };
    }
    const isRegular = windows.padding === 'same' || reach <= stride;
    if (!isRegular && size === undefined)
      throw new Refusal(
        'its output shape is computed as it runs',
        'Convert the model with exact input shapes.',
      );
    // The size that a layer asks for: input · stride.
    const total = windows.padding === 'valid' ? 0 : Math.max(0, reach - stride);
    const begin = Math.floor(total / 2);
    const made = call.dims.multiply(given, stride);
    const grown = windows.padding === 'valid' ? Math.max(0, reach - stride) : 0;
    return {
      begin,
      end: total - begin,
      extra: Math.max(0, stride - reach),
      size: call.dims.add(made, grown),
    };
  });
  const inputs = [x, kernelOf(call, filter, [3, 2, 0, 1])];
  if (x.shape.at(-1) !== channels)
    throw new Refusal('its filter has other channels', 'Convert the model again.');
  const spec = { dtype: 'float32', layout: 'channelsFirst' } as const;
  const shape = [x.shape[0]!, ...places.map(({ size }) => size), filters];
  return call.graph.op(
    'ConvTranspose',
    inputs,
    { ...spec, shape },
    {
      kernel_shape: ints(windows.kernel),
      output_padding: ints(places.map(({ extra }) => extra)),
      pads: ints([...places.map(({ begin }) => begin), ...places.map(({ end }) => end)]),
      strides: ints(windows.strides),
    },
  );
});

export const convolutions: OpConverters = {
  AvgPool: pool('AveragePool', 2),
  AvgPool3D: pool('AveragePool', 3),
  Conv2D: convolution(2, false),
  Conv2DBackpropInput: transposedConvolution,
  Conv3D: convolution(3, false),
  DepthwiseConv2dNative: convolution(2, true),
  FusedDepthwiseConv2dNative: convolution(2, true),
  MaxPool: pool('MaxPool', 2),
  MaxPool3D: pool('MaxPool', 3),
  _FusedConv2D: convolution(2, false),
};
