import type { TensorData } from '@snapshot-ensemble/ensemble-runtime';

/** Which model a client means; without a version the newest one that is ready. */
export interface ModelAddress {
  readonly model: string;
  readonly version?: string;
}

export type ParameterValue = string | number | boolean;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/**
 * Elements of an input as its codec found them: little-endian bytes, numbers out of JSON, or the elements of a protobuf field. The
 * service makes the model's array of them.
 */
export type Content =
  | { readonly form: 'bytes'; readonly bytes: Uint8Array }
  | { readonly form: 'json'; readonly numbers: NumberList }
  | {
      readonly form: 'field';
      readonly field: string;
      readonly elements: readonly (number | bigint | boolean)[];
    };

/** The numbers of nested JSON arrays, in order. */
export interface NumberList {
  readonly values: Float64Array;
  /** How many of them were `true` or `false`. */
  readonly booleans: number;
}

export interface InputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly content: Content;
}

export interface RequestedOutput {
  readonly name: string;
  /** How many of the highest classes to answer instead of the values (Triton's classification extension). */
  readonly classes?: number;
}

/** An infer request in no transport's words. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly inputs: readonly InputTensor[];
  /** Undefined where the request names none, which means all but the members' own. */
  readonly outputs: readonly RequestedOutput[] | undefined;
}

export interface OutputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Texts where the datatype is BYTES. */
  readonly data: TensorData | readonly string[];
}

export interface InferResponse {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly outputs: readonly OutputTensor[];
}
