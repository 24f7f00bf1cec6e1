import { cast } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import {
  placeWindows,
  type DataFormat,
  type PlacedWindows,
  type Spatial,
  type Windows,
} from '../../graph/spatial.ts';
import type { Value } from '../../graph/value.ts';
import { ints, type Dim } from '../../onnx/model.ts';
import { stored, type OpCall } from '../op.ts';

export function dataFormatOf({ attributes }: OpCall): DataFormat {
  return attributes.text('data_format', 'NHWC').startsWith('NC') ? 'channelsFirst' : 'channelsLast';
}

export function mustBeLast(call: OpCall): void {
  if (dataFormatOf(call) === 'channelsFirst')
    throw new Refusal(
      `tfjs computes ${call.op} with data_format "NCHW" as if it were NHWC`,
      'Convert the model with NHWC.',
    );
}

/** `[1, height, width, 1]`, or `[1, 1, height, width]`, without the ones. */
export function perSide(
  list: readonly number[],
  rank: number,
  format: DataFormat,
): readonly number[] {
  if (list.length === 0) return new Array<number>(rank).fill(1);
  return format === 'channelsLast' ? list.slice(1, -1) : list.slice(2);
}

interface Placing extends Windows {
  /** Pads of their own, instead of `padding`. */
  readonly pads?: readonly (readonly [begin: number, end: number])[];
}

export function windowsOf(call: OpCall, kernel: readonly number[], format: DataFormat): Placing {
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
      'its strides, dilations or sizes are not positive numbers',
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

export function place(call: OpCall, from: Spatial, windows: Placing): PlacedWindows {
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

export function floatInput(call: OpCall, rank: number): Value {
  const x = stored(call, 0);
  if (x.shape.length === rank) return cast(call.graph, x, 'float32');
  throw new Refusal(`its input has rank ${x.shape.length}`, `Give it rank ${rank}.`);
}
