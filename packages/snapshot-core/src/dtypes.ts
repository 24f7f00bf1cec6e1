import type { DType, TensorArrays } from './tensor.ts';

interface DTypeLayout<D extends DType> {
  /** Name in a safetensors header. */
  readonly code: string;
  /** Bytes of one element. */
  readonly bytes: number;
  readonly view: (buffer: ArrayBufferLike, byteOffset: number, length: number) => TensorArrays[D];
}

export const dtypes: { readonly [D in DType]: DTypeLayout<D> } = {
  float64: { code: 'F64', bytes: 8, view: (...at) => new Float64Array(...at) },
  float32: { code: 'F32', bytes: 4, view: (...at) => new Float32Array(...at) },
  float16: { code: 'F16', bytes: 2, view: (...at) => new Uint16Array(...at) },
  bfloat16: { code: 'BF16', bytes: 2, view: (...at) => new Uint16Array(...at) },
  int32: { code: 'I32', bytes: 4, view: (...at) => new Int32Array(...at) },
  int64: { code: 'I64', bytes: 8, view: (...at) => new BigInt64Array(...at) },
  uint8: { code: 'U8', bytes: 1, view: (...at) => new Uint8Array(...at) },
  bool: { code: 'BOOL', bytes: 1, view: (...at) => new Uint8Array(...at) },
};

export const dtypeOfCode: ReadonlyMap<unknown, DType> = new Map(
  (Object.keys(dtypes) as DType[]).map((dtype) => [dtypes[dtype].code, dtype]),
);

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}
