import type { GraphBuilder, OutputSpec } from '../graph/builder.ts';
import { conv, outFirst } from '../graph/conv.ts';
import { Refusal } from '../graph/refusal.ts';
import { kernelInput, spatial, type Windows } from '../graph/spatial.ts';
import type { Value } from '../graph/value.ts';
import type { Dim } from '../onnx/model.ts';
import { ints, string } from '../onnx/model.ts';
import { int64, reshaped, transposed, type TensorData } from '../onnx/tensor-data.ts';
import { activationOf } from './activations.ts';
import { dataFormatOf } from './data-format.ts';
import type { Layer, LayerConverter } from './layer.ts';
import { biasOf, undilated, windowsOf } from './windows.ts';

// Y = Conv(X, W, B)   (opset 11)
const convOf =
  (rank: number): LayerConverter =>
  (layer, [input], graph) => {
    const dataFormat = dataFormatOf(layer.config);
    if (rank === 1 && dataFormat === 'channelsFirst')
      throw new Refusal(
        'Conv1D with dataFormat "channelsFirst" gives the wrong shape in tfjs',
        'Use channelsLast and Permute.',
      );
    const from = kernelInput(graph, input!, dataFormat);
    const windows = windowsOf(layer, rank);
    const filters = layer.config.size('filters');
    const kernel = outFirst(layer.weight('kernel', [...windows.kernel, from.channels, filters]));
    const output = conv(graph, from, windows, { kernel, bias: biasOf(layer, filters), filters });
    return activationOf(layer.config)(graph, output);
  };

/** tfjs leaves it out of a SeparableConv2D's config; the kernel knows. */
function depthMultiplier(layer: Layer): number {
  if (layer.config.has('depthMultiplier')) return layer.config.size('depthMultiplier');
  return layer.savedShape('depthwise_kernel')?.at(-1) ?? 1;
}

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
  const from = kernelInput(graph, input!, dataFormatOf(layer.config));
  // tfjs passes no dilation to the kernel, whatever the config says.
  const windows = undilated(layer.config, 2);
  const multiplier = depthMultiplier(layer);
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
    throw new Refusal(
      'SeparableConv2D with dataFormat "channelsFirst" does not run in tfjs',
      'Use channelsLast and Permute.',
    );
  const from = kernelInput(graph, input!, 'channelsLast');
  const windows = windowsOf(layer, 2);
  const multiplier = depthMultiplier(layer);
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
    const from = kernelInput(graph, input!, dataFormatOf(layer.config));
    const windows = windowsOf(layer, rank);
    const filters = layer.config.size('filters');
    const places = from.sizes.map((size, axis) => transposedPlace(size, windows, axis, rank === 3));
    const kernel = outFirst(layer.weight('kernel', [...windows.kernel, filters, from.channels]));
    const bias = biasOf(layer, filters);
    const isShifted = places.some(({ shift }) => shift > 0);
    const inputs = [from.value, graph.constant('kernel', kernel)];
    if (bias && !isShifted) inputs.push(graph.constant('bias', bias));
    const sizes = places.map(({ size }) => size ?? graph.unknownDim('places'));
    const spec = from.output(filters, sizes);
    const made = sizes.map((size, axis) =>
      typeof size === 'number' ? size - places[axis]!.shift : size,
    );
    const output = graph.op('ConvTranspose', inputs, from.output(filters, made), {
      kernel_shape: ints(windows.kernel),
      output_padding: ints(places.map(({ extra, shift }) => extra - shift)),
      pads: ints([...places.map(({ begin }) => begin), ...places.map(({ end }) => end)]),
      strides: ints(windows.strides),
    });
    const shifted = isShifted ? shift(graph, output, spec, places, bias) : output;
    return activationOf(layer.config)(graph, shifted);
  };

interface TransposedPlace {
  readonly size: number | undefined;
  /** Pads of the convolution that this one is the transpose of. */
  readonly begin: number;
  readonly end: number;
  /** What the stride leaves over. */
  readonly extra: number;
  /** How much of it tfjs puts before the first element instead of after the last. */
  readonly shift: number;
}

function transposedPlace(
  size: Dim,
  { kernel, strides, padding }: Windows,
  axis: number,
  mayShift: boolean,
): TransposedPlace {
  const [reach, stride] = [kernel[axis]!, strides[axis]!];
  const total = padding === 'same' ? Math.max(0, reach - stride) : 0;
  const begin = Math.floor(total / 2);
  const grown = padding === 'same' ? 0 : Math.max(reach - stride, 0);
  const extra = Math.max(0, stride - reach);
  return {
    size: typeof size === 'number' ? size * stride + grown : undefined,
    begin,
    end: total - begin,
    extra,
    // The 3D kernels of tfjs-core let the pads fall below zero.
    shift: mayShift && padding === 'same' ? Math.ceil(extra / 2) : 0,
  };
}

/** Zeros before the first element, then the bias, which belongs to them as well. */
function shift(
  graph: GraphBuilder,
  output: Value,
  spec: OutputSpec,
  places: readonly TransposedPlace[],
  bias: TensorData | undefined,
): Value {
  const zeros = places.map(() => 0);
  const pads = [0, 0, ...places.map((place) => place.shift), 0, 0, ...zeros];
  const constant = graph.constant(`pads_${pads.join('_')}`, int64([pads.length], pads));
  const padded = graph.op('Pad', [output, constant], spec, { mode: string('constant') });
  if (bias === undefined) return padded;
  const perChannel = reshaped(bias, [1, bias.shape[0]!, ...zeros.map(() => 1)]);
  return graph.op('Add', [padded, graph.constant('bias', perChannel)], spec);
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
