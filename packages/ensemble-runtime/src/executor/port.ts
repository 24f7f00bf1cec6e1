import type { BundleDType } from '@snapshot-ensemble/ensemble-bundle';
import type { Gate } from '../cores/gate.ts';
import type { TensorData } from '../tensor.ts';

export type DeviceRequest = 'cpu' | 'cuda' | 'auto';

/** Where an ensemble runs: what was asked for, what is used, and why. */
export interface Device {
  readonly requested: DeviceRequest;
  readonly used: 'cpu' | 'cuda';
  readonly reason: string;
}

/** How sessions are opened. */
export interface SessionSettings {
  /** Name of the ensemble, for messages. */
  readonly name: string;
  readonly device: DeviceRequest;
  readonly threads: number;
  readonly spinning: boolean;
}

/** A graph by the key under which batches name it; read when it is needed, held no longer. */
export interface GraphSource {
  readonly key: string;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ExecutorSetup extends SessionSettings {
  readonly graphs: readonly GraphSource[];
}

/** One input of a batch: its rows are those of the parts, one part after the other. */
export interface Feed {
  readonly name: string;
  readonly dtype: BundleDType;
  readonly dims: readonly number[];
  readonly parts: readonly Uint8Array[];
}

/** One run of a graph: all its inputs, and the outputs to compute. */
export interface Batch {
  readonly graph: string;
  readonly rows: number;
  readonly feeds: readonly Feed[];
  readonly outputs: readonly string[];
}

export interface OutputArray {
  readonly dtype: BundleDType;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** Rows of a batch that hold a NaN or an infinity; outputs by name, those alone that have some. */
export interface NonFiniteRows {
  readonly inputs: readonly number[];
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

export interface BatchResult {
  readonly outputs: Readonly<Record<string, OutputArray>>;
  readonly nonFinite: NonFiniteRows;
  /** Time in onnxruntime itself. */
  readonly runMs: number;
}

/** An input or output as onnxruntime sees it; a side without a number is symbolic. */
export interface GraphTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** A graph that is open. */
export interface OpenedGraph {
  readonly device: Device;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

/**
 * Something that runs graphs: in a process, a thread, or here. It runs one batch at a time: take its `turn` before `run`.
 * `run` throws `InferenceError`: `failed` where onnxruntime refuses, `worker-crashed` where the executor ended.
 */
export interface Executor {
  /** By the graphs' keys. */
  readonly graphs: Readonly<Record<string, OpenedGraph>>;
  /** Shared by executors that live in one process. */
  readonly turn: Gate;
  /** Of the process that it is, if it is one of its own. */
  readonly pid?: number;
  run(batch: Batch): Promise<BatchResult>;
  /** Frees the sessions; nothing may be running. */
  close(): Promise<void>;
  /** Ends it at once, whatever runs. False where that would end this process as well. */
  kill(): boolean;
  /** Fulfilled once it has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

export type OpenExecutor = (setup: ExecutorSetup) => Promise<Executor>;
