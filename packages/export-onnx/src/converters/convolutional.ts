import type { GraphBuilder } from '../graph/builder.ts';
import {
  dataFormatOf,
  placeWindows,
  spatial,
  type Spatial,
  type Windows,
} from '../graph/spatial.ts';
import type { Value } from '../graph/value.ts';
import type { Dim } from '../onnx/model.ts';
import { int, ints } from '../onnx/model.ts';
import { reshaped, transposed, type TensorData } from '../onnx/tensor-data.ts';
import { activationOf } from './activations.ts';
import { ConfigProblem, type Layer, type LayerConverter } from './types.ts';

function windowsOf({ config }: Layer, rank: number): Windows {
  const padding = config.choice('padding', ['valid', 'same', 'causal'], 'valid');
  if (padding === 'causal')
    throw new ConfigProblem(
      'padding "causal" does not run in tfjs',
      'Pad on the left and use "valid".',
    );
  const windows = {
    kernel: config.sizes('kernelSize', rank),
    strides: config.sizes('strides', rank, new Array<number>(rank).fill(1)),
    dilations: config.sizes('dilationRate', rank, new Array<number>(rank).fill(1)),
    padding,
  };
  if (windows.strides.some((stride) => stride > 1) && windows.dilations.some((rate) => rate > 1))
    throw new ConfigProblem(
      'strides and dilationRate above 1 do not run together in tfjs',
      'Use one of them.',
    );
  return windows;
}

interface ConvOptions {
  readonly kernel: TensorData;
  readonly bias: TensorData | undefined;
  readonly filters: number;
  readonly group?: number;
}

/** One Conv; `kernel` already in ONNX's order. */
function conv(graph: GraphBuilder, from: Spatial, windows: Windows, options: ConvOptions): Value {
  const { kernel, bias, filters, group = 1 } = options;
  const { input, sizes, attributes } = placeWindows(graph, from, windows);
  const inputs = [
    input,
    graph.constant('kernel', kernel),
    ...(bias ? [graph.constant('bias', bias)] : []),
  ];
  return graph.op('Conv', inputs, from.output(filters, sizes), {
    ...attributes,
    dilations: ints(windows.dilations),
    group: int(group),
    kernel_shape: ints(windows.kernel),
  });
}

/** `[...spatial, in, out]` → `[out, in, ...spatial]`. */
function outFirst(kernel: TensorData): TensorData {
  const axes = kernel.shape.map((_, axis) => axis);
  return transposed(kernel, [axes.at(-1)!, axes.at(-2)!, ...axes.slice(0, -2)]);
}

function biasOf(layer: Layer, filters: number): TensorData | undefined {
  return layer.config.boolean('useBias', true) ? layer.weight('bias', [filters]) : undefined;
}

// Y = Conv(X, W, B)   (opset 11)
const convOf =
  (rank: number): LayerConverter =>
  (layer, [input], graph) => {
    const dataFormat = dataFormatOf(layer.config);
    if (rank === 1 && dataFormat === 'channelsFirst')
      throw new ConfigProblem(
        'Conv1D with dataFormat "channelsFirst" gives the wrong shape in tfjs',
        'Use channelsLast and Permute.',
      );
    const from = spatial(graph, input!, dataFormat);
    const windows = windowsOf(layer, rank);
    const filters = layer.config.size('filters');
    const kernel = outFirst(layer.weight('kernel', [...windows.kernel, from.channels, filters]));
    const output = conv(graph, from, windows, { kernel, bias: biasOf(layer, filters), filters });
    return activationOf(layer.config)(graph, output);
  };

/** `[h, w, channels, multiplier]` → `[channels · multiplier, 1, h, w]`. */
function depthwiseKernel(
  layer: Layer,
  { kernel }: Windows,
  channels: number,
  multiplier: number,
): TensorData {
  const weight = layer.weight('depthwise_kernel', [...kernel, channels, multiplier]);
  return reshaped(transposed(weight, [2, 3, 0, 1]), [channels * multiplier, 1, ...kernel]);
}

// Conv with group = channels
const depthwiseConv2D: LayerConverter = (layer, [input], graph) => {
  const from = spatial(graph, input!, dataFormatOf(layer.config));
  // tfjs passes no dilation to the kernel, whatever the config says.
  const windows = { ...windowsOf(layer, 2), dilations: [1, 1] };
  const multiplier = layer.config.has('depthMultiplier') ? layer.config.size('depthMultiplier') : 1;
  const filters = from.channels * multiplier;
  const output = conv(graph, from, windows, {
    kernel: depthwiseKernel(layer, windows, from.channels, multiplier),
    bias: biasOf(layer, filters),
    filters,
    group: from.channels,
  });
  return activationOf(layer.config)(graph, output);
};

// Conv with group = channels, then Conv 1 × 1
const separableConv2D: LayerConverter = (layer, [input], graph) => {
  if (dataFormatOf(layer.config) === 'channelsFirst')
    throw new ConfigProblem(
      'SeparableConv2D with dataFormat "channelsFirst" does not run in tfjs',
      'Use channelsLast and Permute.',
    );
  const from = spatial(graph, input!, 'channelsLast');
  const windows = windowsOf(layer, 2);
  const multiplier = layer.config.has('depthMultiplier') ? layer.config.size('depthMultiplier') : 1;
  const between = from.channels * multiplier;
  const depthwise = conv(graph, from, windows, {
    kernel: depthwiseKernel(layer, windows, from.channels, multiplier),
    bias: undefined,
    filters: between,
    group: from.channels,
  });
  const filters = layer.config.size('filters');
  const point: Windows = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], padding: 'valid' };
  const output = conv(graph, spatial(graph, depthwise, 'channelsLast'), point, {
    kernel: outFirst(layer.weight('pointwise_kernel', [1, 1, between, filters])),
    bias: biasOf(layer, filters),
    filters,
  });
  return activationOf(layer.config)(graph, output);
};

// Y = ConvTranspose(X, W, B), W [in, out, ...spatial]   (opset 11)
const convTransposeOf =
  (rank: number): LayerConverter =>
  (layer, [input], graph) => {
    const from = spatial(graph, input!, dataFormatOf(layer.config));
    const windows = windowsOf(layer, rank);
    const filters = layer.config.size('filters');
    const places = from.sizes.map((size, axis) => transposedPlace(graph, size, windows, axis));
    const kernel = layer.weight('kernel', [...windows.kernel, filters, from.channels]);
    const bias = biasOf(layer, filters);
    const inputs = [
      from.value,
      graph.constant('kernel', outFirst(kernel)),
      ...(bias ? [graph.constant('bias', bias)] : []),
    ];
    const output = graph.op(
      'ConvTranspose',
      inputs,
      from.output(
        filters,
        places.map(({ size }) => size),
      ),
      {
        kernel_shape: ints(windows.kernel),
        output_padding: ints(places.map(({ extra }) => extra)),
        pads: ints([...places.map(({ begin }) => begin), ...places.map(({ end }) => end)]),
        strides: ints(windows.strides),
      },
    );
    return activationOf(layer.config)(graph, output);
  };

/** One axis: the pads of the convolution that this one is the transpose of, and what its stride leaves over. */
function transposedPlace(
  graph: GraphBuilder,
  size: Dim,
  { kernel, strides, padding }: Windows,
  axis: number,
): { size: Dim; begin: number; end: number; extra: number } {
  const [reach, stride] = [kernel[axis]!, strides[axis]!];
  const total = padding === 'same' ? Math.max(0, reach - stride) : 0;
  const begin = Math.floor(total / 2);
  const grown = padding === 'same' ? 0 : Math.max(reach - stride, 0);
  return {
    size: typeof size === 'number' ? size * stride + grown : graph.unknownDim('places'),
    begin,
    end: total - begin,
    extra: Math.max(0, stride - reach),
  };
}

export type ConvolutionalClass =
  | 'Conv1D'
  | 'Conv2D'
  | 'Conv2DTranspose'
  | 'Conv3D'
  | 'Conv3DTranspose'
  | 'DepthwiseConv2D'
  | 'SeparableConv2D';

export const convolutional: Readonly<Record<ConvolutionalClass, LayerConverter>> = {
  Conv1D: convOf(1),
  Conv2D: convOf(2),
  Conv2DTranspose: convTransposeOf(2),
  Conv3D: convOf(3),
  Conv3DTranspose: convTransposeOf(3),
  DepthwiseConv2D: depthwiseConv2D,
  SeparableConv2D: separableConv2D,
};
