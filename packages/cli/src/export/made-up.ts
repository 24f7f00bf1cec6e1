import type { BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { HostTensor, HostTensors } from '@snapshot-ensemble/export-onnx';

/** Two rows show that rows are kept apart. */
const rows = 2;

/** Its multiples modulo 1 are spread evenly, however many there are. */
const goldenRatio = (1 + Math.sqrt(5)) / 2;

/** Inputs of made-up numbers: real ones are spread over [0, 1), pixels over all there are; integers, which may be indices of anything, are 0. */
export function madeUpInputs(
  inputs: readonly Pick<BundleTensor, 'name' | 'dtype' | 'shape'>[],
): HostTensors {
  return Object.fromEntries(inputs.map((input) => [input.name, madeUp(input)]));
}

function madeUp({ dtype, shape }: Pick<BundleTensor, 'dtype' | 'shape'>): HostTensor {
  // A size that each request chooses may be any; two shows most mistakes.
  const sides = shape.map((side) => (typeof side === 'number' ? side : rows));
  const length = sides.reduce((product, side) => product * side, 1);
  const spread = (index: number): number => Math.fround((index * goldenRatio) % 1);
  switch (dtype) {
    case 'float32':
    case 'float16':
      return { data: Float32Array.from({ length }, (_, index) => spread(index)), shape: sides };
    case 'uint8':
      return { data: Uint8Array.from({ length }, (_, at) => 256 * spread(at)), shape: sides };
    case 'bool':
      return { data: new Uint8Array(length), shape: sides };
    case 'int32':
    case 'int64':
      return { data: new Int32Array(length), shape: sides };
  }
}
