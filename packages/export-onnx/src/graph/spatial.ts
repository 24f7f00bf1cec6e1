import { ints, string, type Dim, type Shape } from '../onnx/model.ts';
import type { Attributes, GraphBuilder, OutputSpec } from './builder.ts';
import { channelsFirst, plain } from './layout.ts';
import { slice } from './ops.ts';
import { Refusal } from './refusal.ts';
import { asChannelsFirst, asStored, type Value } from './value.ts';
import { placeWindow, type Padding, type Placed } from './window.ts';

export type DataFormat = 'channelsFirst' | 'channelsLast';

/** A value as ONNX's spatial operators take it, `[batch, channels, ...spatial]`, and how to read their results. */
export interface Spatial<Channels extends Dim = Dim> {
  readonly value: Value;
  readonly channels: Channels;
  readonly sizes: Shape;
  /** The output of an operator that gives `channels` maps of these sizes. */
  output(channels: Dim, sizes: Shape): OutputSpec;
}

export function spatial(graph: GraphBuilder, input: Value, dataFormat: DataFormat): Spatial {
  const isLast = dataFormat === 'channelsLast';
  const value = isLast ? channelsFirst(graph, input) : plain(graph, input);
  const channels = (isLast ? input.shape.at(-1) : input.shape[1])!;
  const { dtype } = input;
  return {
    value,
    channels,
    sizes: isLast ? input.shape.slice(1, -1) : input.shape.slice(2),
    output: (count, sizes) =>
      isLast
        ? { dtype, shape: [input.shape[0]!, ...sizes, count], layout: 'channelsFirst' }
        : { dtype, shape: [input.shape[0]!, count, ...sizes] },
  };
}

/** The same for layers with a kernel, which must know the channels. */
export function kernelInput(
  graph: GraphBuilder,
  input: Value,
  dataFormat: DataFormat,
): Spatial<number> {
  const { channels, ...rest } = spatial(graph, input, dataFormat);
  if (typeof channels === 'number') return { channels, ...rest };
  throw new Refusal(
    'the number of channels is unknown',
    'Give the input an exact number of channels.',
  );
}

/** How a layer slides windows over all spatial axes. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

export interface PlacedWindows {
  /** The input, cropped where tfjs crops. */
  readonly input: Value;
  readonly sizes: Shape;
  readonly attributes: Attributes;
}

/** Explicit pads wherever they can be known: ORT refuses auto_pad together with dilations. */
export function placeWindows(
  graph: GraphBuilder,
  { value, sizes }: Spatial,
  windows: Windows,
): PlacedWindows {
  const placed = sizes.map((size, axis) => {
    const window = {
      size,
      kernel: windows.kernel[axis]!,
      stride: windows.strides[axis]!,
      dilation: windows.dilations[axis]!,
    };
    return placeWindow(window, windows.padding, sizes.length === 3);
  });
  const out = placed.map(({ count }, axis): Dim => {
    if (count !== undefined) return count;
    const isKept = windows.padding === 'same' && windows.strides[axis] === 1;
    return isKept ? sizes[axis]! : graph.unknownDim('places');
  });
  return {
    input: cropped(graph, value, placed),
    sizes: out,
    attributes: { ...padAttributes(placed), strides: ints(windows.strides) },
  };
}

function padAttributes(placed: readonly Placed[]): Attributes {
  if (placed.some(({ pads }) => pads === undefined)) return { auto_pad: string('SAME_UPPER') };
  const pads = placed.map((place) => place.pads!.map((pad) => Math.max(0, pad)));
  return { pads: ints([...pads.map(([begin]) => begin!), ...pads.map(([, end]) => end!)]) };
}

/** Negative pads as slices of the stored axes. */
function cropped(graph: GraphBuilder, value: Value, placed: readonly Placed[]): Value {
  let out = value;
  placed.forEach(({ pads }, index) => {
    const [begin, end] = pads ?? [0, 0];
    if (begin >= 0 && end >= 0) return;
    out = sliceStored(graph, out, index + 2, Math.max(0, -begin), Math.max(0, -end));
  });
  return out;
}

/** Without `begin` and `end` elements of a stored axis, in the layout that it has. */
export function sliceStored(
  graph: GraphBuilder,
  value: Value,
  axis: number,
  begin: number,
  end: number,
): Value {
  // Positions from the end work for unknown lengths, too; 0 from the end is the end itself.
  const cut = slice(graph, asStored(value), axis, begin, end === 0 ? SLICE_TO_END : -end);
  return value.layout === 'channelsFirst' ? asChannelsFirst(cut) : cut;
}

// ONNX's own convention for "as far as it goes".
const SLICE_TO_END = 2 ** 31 - 1;
