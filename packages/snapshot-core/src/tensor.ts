/** The array that holds a tensor's elements on the host, by dtype; 16-bit floats are raw bits. */
export interface TensorArrays {
  readonly float64: Float64Array;
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}

export type DType = keyof TensorArrays;

/** Name, dtype and shape of a tensor, without its elements. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A tensor on the host, row-major; `data` holds exactly the product of `shape` elements. */
export type NamedTensor = {
  [D in DType]: TensorSpec & { readonly dtype: D; readonly data: TensorArrays[D] };
}[DType];

export interface ReadTensorsOptions {
  /** Tensors may share memory: each is valid until the next is asked for. Stores may ignore it. Default false. */
  readonly reuseData?: boolean;
}

/** All tensors of a model, in the model's own order. */
export type Weights = readonly NamedTensor[];
