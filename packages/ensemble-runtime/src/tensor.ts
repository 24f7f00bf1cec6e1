import type { BundleDType, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';

/** A tensor's elements; int64 as bigints, bool as bytes 0 and 1, float16 as raw bits. */
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** Elements in row-major order; `dims[0]` counts the rows. */
export interface Tensor {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** Tensors by the name of the graph's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

interface ArrayType {
  new (length: number): TensorData;
  readonly name: string;
}

/** The array that holds each dtype. */
export const arrayTypes: Readonly<Record<BundleDType, ArrayType>> = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Elements in one row. */
export function rowSize({ shape }: BundleTensor): number {
  return shape.slice(1).reduce<number>((product, side) => product * side!, 1);
}

/** Zeros for `rows` rows, in a buffer of their own. */
export function allocate(tensor: BundleTensor, rows: number): TensorData {
  return new arrayTypes[tensor.dtype](rows * rowSize(tensor));
}

/** Copies rows `[start, end)` of `source` to row `at` of `target`. */
export function copyRows(
  target: TensorData,
  at: number,
  source: TensorData,
  { start, end, size }: { readonly start: number; readonly end: number; readonly size: number },
): void {
  const rows = source.subarray(start * size, end * size);
  // One dtype on both sides; TypeScript cannot relate two unions.
  (target as Uint8Array).set(rows as Uint8Array, at * size);
}
