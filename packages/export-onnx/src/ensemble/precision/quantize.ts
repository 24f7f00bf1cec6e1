import { tensorData, type TensorData } from '../../onnx/tensor-data.ts';

// Symmetric: −128 is left out, so that 0 is exact and both signs reach as far.
const LARGEST = 127;

/** Weights as int8 and what one step of each channel is worth. */
export interface Quantized {
  readonly data: TensorData;
  /** float32; that of `quantized` is `[channels]`. */
  readonly scales: TensorData;
}

/** Int8 weights, symmetric, one scale for each index of `axis`: value ≈ scale · int8. */
export function quantized(data: TensorData, axis: number): Quantized {
  const channels = data.shape[axis]!;
  const inner = data.shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return byChannel(data, [channels], (index) => Math.floor(index / inner) % channels);
}

/** The same of matrices `[members, inputs, units]`, one scale for each unit of each member: scales are `[members, 1, units]`. */
export function quantizedStack(data: TensorData): Quantized {
  const [members, inputs, units] = data.shape as [number, number, number];
  return byChannel(
    data,
    [members, 1, units],
    (index) => Math.floor(index / (inputs * units)) * units + (index % units),
  );
}

function byChannel(
  data: TensorData,
  shape: readonly number[],
  channelOf: (index: number) => number,
): Quantized {
  const values = data.read() as Float32Array;
  const largest = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  values.forEach((value, index) => {
    const channel = channelOf(index);
    largest[channel] = Math.max(largest[channel]!, Math.abs(value));
  });
  const scales = largest.map((most) => (most === 0 ? 1 : most / LARGEST));
  const steps = Int8Array.from(values, (value, index) =>
    Math.max(-LARGEST, Math.min(LARGEST, Math.round(value / scales[channelOf(index)]!))),
  );
  return {
    data: tensorData('int8', data.shape, steps),
    scales: tensorData('float32', shape, scales),
  };
}
