/** One entry of `weightSpecs` as tfjs writes it; `quantization` as its converters do. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool' | 'string' | 'complex64';
  readonly quantization?: {
    readonly dtype: 'uint8' | 'uint16' | 'float16';
    readonly scale?: number;
    readonly min?: number;
  };
}

/**
 * A tfjs layers model as data, structurally what `tf.io.ModelArtifacts` is: what `adapter-tfjs` produces and
 * `export-onnx` takes, so that neither needs the other.
 */
export interface ModelArtifacts {
  /** Model JSON, with the keys of `model.toJSON()` (snake_case) or of `getConfig()` (camelCase). */
  readonly modelTopology: object;
  readonly weightSpecs: readonly WeightSpec[];
  /** The weights' bytes, little-endian, in the order of `weightSpecs`, without gaps. */
  readonly weightData: ArrayBuffer | readonly ArrayBuffer[];
}
