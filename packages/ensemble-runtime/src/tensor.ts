import type { BundleDType, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';

/** The array of each dtype: int64 as bigints, bool as bytes 0 and 1, float16 as raw bits. */
export interface TensorArrays {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}

/** A tensor's elements in row-major order. */
export type TensorData = TensorArrays[BundleDType];

/**
 * An output: elements in row-major order, `dims[0]` counting the rows. Test `dtype` to know the array's type; `Array.from(data)` works without.
 */
export type Tensor<D extends BundleDType = BundleDType> = {
  readonly [K in D]: {
    readonly dtype: K;
    // Without the second half, Array.from has no overload for arrays of numbers or bigints.
    readonly data: TensorArrays[K] & Iterable<number | bigint>;
    readonly dims: readonly number[];
  };
}[D];

/** Output tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * An input: elements in row-major order, or their little-endian bytes at any offset, as they came over a wire. It is read until the
 * answer is there: do not change it meanwhile.
 */
export type InputTensor =
  | { readonly data: TensorData; readonly dims: readonly number[] }
  | { readonly bytes: Uint8Array; readonly dims: readonly number[] };

/** Input tensors by name; a bare array stands for the only input, its rows following from its length. */
export type Inputs = Readonly<Record<string, InputTensor>> | TensorData;

interface ArrayType {
  new (lengthOrBuffer: number | ArrayBuffer, byteOffset?: number, length?: number): TensorData;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
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

/** Sizes of the dimensions that a request chooses, by their names. */
export type Symbols = ReadonlyMap<string, number>;

const noSymbols: Symbols = new Map();

/** The shape of one row. Dimensions whose size is not known count as 1. */
export function rowShape(
  { shape }: { readonly shape: readonly (number | string | null)[] },
  symbols: Symbols = noSymbols,
): readonly number[] {
  return shape
    .slice(1)
    .map((side) => (typeof side === 'number' ? side : (symbols.get(side ?? '') ?? 1)));
}

/** Bytes in one row. */
export function rowBytes(tensor: BundleTensor, symbols?: Symbols): number {
  const elements = rowShape(tensor, symbols).reduce((product, side) => product * side, 1);
  return elements * arrayTypes[tensor.dtype].BYTES_PER_ELEMENT;
}

/** The array's bytes, not copied. */
export function bytesOf({ buffer, byteOffset, byteLength }: TensorData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
