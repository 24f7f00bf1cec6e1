import { channelsFirst } from '../../graph/layout.ts';
import { cast, scalar, transpose } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import {
  kernelInput,
  placeWindows,
  spatial,
  type DataFormat,
  type PlacedWindows,
  type Spatial,
  type Windows,
} from '../../graph/spatial.ts';
import type { Value } from '../../graph/value.ts';
import { float, int, ints, type Dim } from '../../onnx/model.ts';
import { reshaped, transposed } from '../../onnx/tensor-data.ts';
import { align } from '../align.ts';
import { emits, exact, input, stored, type OpCall, type OpConverters } from '../op.ts';
import { tensorOf, type Tensor } from '../tensor.ts';
import { preluOf } from './elementwise.ts';

function dataFormatOf({ attributes }: OpCall): DataFormat {
  return attributes.text('data_format', 'NHWC').startsWith('NC') ? 'channelsFirst' : 'channelsLast';
}

function mustBeLast(call: OpCall): void {
  if (dataFormatOf(call) === 'channelsFirst')
    throw new Refusal(
      `tfjs computes ${call.op} with data_format "NCHW" as if it were NHWC`,
      'Convert the model with NHWC.',
    );
}

/** `[1, height, width, 1]`, or `[1, 1, height, width]`, without the ones. */
function perSide(list: readonly number[], rank: number, format: DataFormat): readonly number[] {
  if (list.length === 0) return new Array<number>(rank).fill(1);
  return format === 'channelsLast' ? list.slice(1, -1) : list.slice(2);
}

interface Placing extends Windows {
  /** Pads of their own, instead of `padding`. */
  readonly pads?: readonly (readonly [begin: number, end: number])[];
}

function windowsOf(call: OpCall, kernel: readonly number[], format: DataFormat): Placing {
  const { attributes } = call;
  const rank = kernel.length;
  const padding = attributes.text('padding', 'VALID');
  const windows = {
    kernel,
    strides: perSide(attributes.ints('strides'), rank, format),
    dilations: perSide(attributes.ints('dilations'), rank, format),
    padding: padding === 'SAME' ? 'same' : 'valid',
  } as const;
  const isWhole = (list: readonly number[]): boolean =>
    list.length === rank && list.every((side) => side >= 1 && side < MAX_SIDE);
  if (!isWhole(windows.strides) || !isWhole(windows.dilations) || !isWhole(kernel))
    throw new Refusal(
      'its strides, dilations or sizes are no positive numbers',
      'Convert the model again.',
    );
  if (windows.strides.some((s) => s > 1) && windows.dilations.some((d) => d > 1))
    throw new Refusal(
      'strides and dilations above 1 do not run together in tfjs',
      'Use one of them.',
    );
  if (padding !== 'EXPLICIT') return windows;
  const list = attributes.ints('explicit_paddings');
  const first = format === 'channelsLast' ? 1 : 2;
  if (list.length !== 2 * (rank + 2) || !list.every((pad) => pad >= 0 && pad < MAX_SIDE))
    throw new Refusal('its explicit_paddings are not two per axis', 'Convert the model again.');
  const pads = kernel.map(
    (_, side) => [list[2 * (first + side)]!, list[2 * (first + side) + 1]!] as const,
  );
  return { ...windows, pads };
}

// No image is that wide; a lying file must not make numbers overflow.
const MAX_SIDE = 2 ** 24;

function place(call: OpCall, from: Spatial, windows: Placing): PlacedWindows {
  const { pads } = windows;
  if (pads === undefined) return placeWindows(call.graph, from, windows);
  const sizes = from.sizes.map((size, axis): Dim => {
    const [begin, end] = pads[axis]!;
    const reach = (windows.kernel[axis]! - 1) * windows.dilations[axis]! + 1;
    const room = call.dims.add(size, begin + end - reach);
    return call.dims.add(call.dims.divide(room, windows.strides[axis]!), 1);
  });
  return {
    input: from.value,
    sizes,
    attributes: {
      pads: ints([...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)]),
      strides: ints(windows.strides),
    },
  };
}

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

const convolution = (rank: number, isDepthwise: boolean) =>
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

function floatInput(call: OpCall, rank: number): Value {
  const x = stored(call, 0);
  if (x.shape.length === rank) return cast(call.graph, x, 'float32');
  throw new Refusal(`its input has rank ${x.shape.length}`, `Give it rank ${rank}.`);
}

function vectorOf(call: OpCall, tensor: Tensor, length: number): Value {
  const shape = [length];
  if (tensor.data !== undefined && tensor.data.shape.join() !== `${length}`)
    throw new Refusal(
      `its bias is [${tensor.shape.join(', ')}], must be [${length}]`,
      'Convert the model again.',
    );
  return { ...tensor.value(call.scope), shape };
}

interface Fused {
  readonly bias: Tensor | undefined;
  readonly activate: (x: Value) => Value;
}

/** What the converter has drawn into a convolution or product: a bias, and a function. */
export function fusedOf(call: OpCall): Fused {
  const isFused = call.op.includes('Fused');
  const names = isFused ? call.attributes.texts('fused_ops') : [];
  const args = call.inputs.slice(2);
  const [first, second, ...more] = names;
  if (first !== undefined && (first !== 'BiasAdd' || more.length > 0 || args.length === 0))
    throw new Refusal(
      `it is fused with ${names.join(', ')}, which does not run in tfjs`,
      'Convert the model again.',
    );
  return {
    bias: first === undefined ? undefined : args[0],
    activate: (x) => activate(call, second, x, args[1]),
  };
}

function activate(
  call: OpCall,
  name: string | undefined,
  x: Value,
  slope: Tensor | undefined,
): Value {
  const { graph, attributes } = call;
  if (name === undefined) return x;
  if (name === 'Relu' || name === 'Sigmoid') return graph.op(name, [x], x);
  if (name === 'Relu6') return graph.op('Clip', [x, scalar(graph, 0), scalar(graph, 6)], x);
  if (name === 'Elu') return graph.op('Elu', [x], x, { alpha: float(1) });
  if (name === 'Prelu' && slope !== undefined) {
    const { values } = align([tensorOf(x), slope], call.scope);
    return preluOf(graph, values[0]!, values[1]!);
  }
  if (name === 'LeakyRelu' && call.op !== 'FusedDepthwiseConv2dNative')
    return graph.op('LeakyRelu', [x], x, {
      alpha: float(attributes.float('leakyrelu_alpha', 0.2)),
    });
  throw new Refusal(
    `it is fused with ${name}, which does not run in tfjs`,
    'Convert the model again.',
  );
}

// Y = ConvTranspose(X, W), W [in, out, ...spatial]   (opset 11): the size of the output decides how it is padded
const transposedConvolution = emits((call) => {
  mustBeLast(call);
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

// Y = MaxPool(X) | AveragePool(X), padding never counted   (opset 11, 12)
const pool = (opType: 'MaxPool' | 'AveragePool', rank: number) =>
  emits((call) => {
    mustBeLast(call);
    const { attributes, graph } = call;
    if (attributes.text('padding', 'VALID') === 'EXPLICIT')
      throw new Refusal('pools with pads of their own do not run in tfjs', 'Use SAME or VALID.');
    const kernel = perSide(attributes.ints('ksize'), rank, 'channelsLast');
    const from = spatial(graph, floatInput(call, rank + 2), 'channelsLast');
    const placed = place(call, from, windowsOf(call, kernel, 'channelsLast'));
    const more = opType === 'MaxPool' ? {} : { count_include_pad: int(0) };
    return graph.op(opType, [placed.input], from.output(from.channels, placed.sizes), {
      ...placed.attributes,
      ...more,
      kernel_shape: ints(kernel),
    });
  });

const lrn = emits(({ attributes, graph, ...call }) => {
  const x = channelsFirst(graph, input(call as OpCall, 0).value(call.scope));
  const size = 2 * attributes.int('depth_radius', 5) + 1;
  const attrs = {
    size: int(size),
    // TensorFlow sums squares, ONNX takes their mean.
    alpha: float(attributes.float('alpha', 1) * size),
    beta: float(attributes.float('beta', 0.5)),
    bias: float(attributes.float('bias', 1)),
  };
  return graph.op('LRN', [x], x, attrs);
});

/** γ (x − μ) / √(σ² + ε) + β on the last axis. */
const batchNorm = emits((call) => {
  const { attributes, graph } = call;
  mustBeLast(call);
  const moments = [1, 2, 3, 4].map((index) => input(call, index));
  if (attributes.boolean('is_training', false) || moments.some(({ shape }) => shape[0] === 0))
    throw new Refusal(
      `${call.op} that computes its mean from the input (as tf.keras makes LayerNormalization) is NaN in tfjs`,
      'Convert the model for inference, or replace the layer.',
    );
  const epsilon = attributes.has('epsilon') ? attributes.float('epsilon', 1e-4) : 1e-4;
  const x = channelsFirst(graph, floatInput(call, input(call, 0).shape.length));
  const values = moments.map((tensor) => tensor.value(call.scope));
  return graph.op('BatchNormalization', [x, ...values], x, { epsilon: float(epsilon) });
});

// Channels of blocks side by side: DCR on channels first
const depthToSpace = emits((call) => {
  mustBeLast(call);
  const { attributes, graph, dims } = call;
  const x = channelsFirst(graph, stored(call, 0));
  const block = attributes.int('block_size');
  const channels = exact(x.shape, -1, 'the number of channels') / (block * block);
  if (!(block > 1) || !Number.isInteger(channels))
    throw new Refusal(`its block_size is ${block}`, 'Convert the model again.');
  const [batch, height, width] = x.shape as [Dim, Dim, Dim];
  const shape = [batch, dims.multiply(height, block), dims.multiply(width, block), channels];
  const spec = { dtype: x.dtype, shape, layout: 'channelsFirst' } as const;
  return graph.op('DepthToSpace', [x], spec, { blocksize: int(block) });
});

/** The two ways to sample that tfjs has. */
const resize = (mode: 'linear' | 'nearest') =>
  emits((call) => {
    const { attributes, graph, dims } = call;
    const x = channelsFirst(graph, cast(graph, floatInput(call, 4), 'float32'));
    const [batch, , , channels] = x.shape as [Dim, Dim, Dim, Dim];
    const size = input(call, 1).known;
    if (size?.length !== 2)
      throw new Refusal(
        'its size is computed as it runs',
        'Convert the model with a constant size.',
      );
    const [height, width] = size as [Dim, Dim];
    const isHalf = attributes.boolean('half_pixel_centers', false);
    const isAligned = attributes.boolean('align_corners', false);
    const sizes = dims.vector(graph, [batch, channels, height, width]);
    const spec = {
      dtype: 'float32',
      shape: [batch, height, width, channels],
      layout: 'channelsFirst',
    } as const;
    return graph.op('Resize', [x, undefined, undefined, sizes], spec, {
      coordinate_transformation_mode: text(
        isHalf ? 'half_pixel' : isAligned ? 'align_corners' : 'asymmetric',
      ),
      mode: text(mode),
      ...(mode === 'nearest' && {
        nearest_mode: text(isHalf || isAligned ? 'round_prefer_ceil' : 'floor'),
      }),
    });
  });

const text = (value: string) => ({ type: 'string', value }) as const;

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

export const images: OpConverters = {
  DepthToSpace: depthToSpace,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
};

export const normalizations: OpConverters = {
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  LRN: lrn,
};
