import type { BundleDType } from '@snapshot-ensemble/ensemble-bundle';
import type { InferenceErrorCode } from './errors.ts';
import type { Device, DeviceRequest } from './session.ts';
import type { TensorData } from './tensor.ts';

/** What a worker starts with. The model's buffer is transferred. */
export interface WorkerSetup {
  readonly name: string;
  readonly model: Uint8Array<ArrayBuffer>;
  readonly device: DeviceRequest;
  readonly threads: number;
  readonly spinning: boolean;
}

export interface Feed {
  readonly name: string;
  readonly dtype: BundleDType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** One run of the graph: all its inputs, and the outputs to compute. */
export interface Run {
  readonly feeds: readonly Feed[];
  readonly outputs: readonly string[];
}

export interface RunResult {
  readonly outputs: Readonly<
    Record<string, { readonly data: TensorData; readonly dims: readonly number[] }>
  >;
  /** Time in onnxruntime itself. */
  readonly runMs: number;
}

/** An input or output as onnxruntime sees it; a side without a number is symbolic. */
export interface GraphTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

export interface Opened {
  readonly device: Device;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

export interface Refusal {
  readonly code: InferenceErrorCode;
  readonly message: string;
}

/** To the worker. Buffers are transferred both ways. */
export type Command =
  { readonly kind: 'run'; readonly id: number; readonly run: Run } | { readonly kind: 'close' };

/** From the worker: first `opened` or `refused`, then one answer to each run. */
export type Report =
  | { readonly kind: 'opened'; readonly opened: Opened }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'result'; readonly id: number; readonly result: RunResult }
  | { readonly kind: 'failed'; readonly id: number; readonly refusal: Refusal };
