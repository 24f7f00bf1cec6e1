import type { BundleDType } from '@snapshot-ensemble/ensemble-bundle';
import type * as Ort from 'onnxruntime-common';
import { InferenceError } from '../errors.ts';
import type { TensorData } from '../tensor.ts';
import { nonFiniteRows } from './non-finite.ts';
import { createSession } from './create-session.ts';
import type { BatchResult, GraphTensor, OpenedGraph, SessionSettings } from './port.ts';
import type { OrtModule } from './ort-module.ts';

/** An input whose rows have been gathered. */
export interface GatheredFeed {
  readonly name: string;
  readonly dtype: BundleDType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export interface GatheredBatch {
  readonly graph: string;
  readonly rows: number;
  readonly feeds: readonly GatheredFeed[];
  readonly outputs: readonly string[];
}

/** Graphs of one ensemble, on the thread that runs them. */
export interface Sessions {
  /** Opens a graph under a key. Throws `InferenceError`: `wrong-graph`, `device-unavailable`. */
  open(key: string, model: Uint8Array): Promise<OpenedGraph>;
  /** Throws `InferenceError('failed')`. */
  run(batch: GatheredBatch): Promise<BatchResult>;
  release(): Promise<void>;
}

export function createSessions(ort: OrtModule, settings: SessionSettings): Sessions {
  const sessions = new Map<string, Ort.InferenceSession>();
  return {
    async open(key, model) {
      const { session, device } = await createSession(ort, settings, model);
      sessions.set(key, session);
      return {
        device,
        inputs: session.inputMetadata.map(describe),
        outputs: session.outputMetadata.map(describe),
      };
    },
    run: (batch) => run(ort, settings.name, sessions.get(batch.graph)!, batch),
    async release() {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
    },
  };
}

async function run(
  ort: OrtModule,
  name: string,
  session: Ort.InferenceSession,
  { rows, feeds, outputs }: GatheredBatch,
): Promise<BatchResult> {
  const badInputs = new Set<number>();
  const tensors: Record<string, Ort.Tensor> = {};
  for (const feed of feeds) {
    for (const row of nonFiniteRows(feed.dtype, feed.data, rows)) badInputs.add(row);
    tensors[feed.name] = new ort.Tensor(feed.dtype, feed.data as Uint8Array, feed.dims);
  }
  const start = performance.now();
  const results = await session.run(tensors, outputs).catch((cause: unknown) => {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new InferenceError('failed', `Cannot run ensemble "${name}": ${text}`, { cause });
  });
  const runMs = performance.now() - start;
  const badOutputs: Record<string, readonly number[]> = {};
  const arrays: Record<string, BatchResult['outputs'][string]> = {};
  for (const output of outputs) {
    const { data, dims, type } = results[output]!;
    const array = { dtype: type as BundleDType, data: data as TensorData, dims };
    arrays[output] = array;
    const bad = dims[0] === rows ? nonFiniteRows(array.dtype, array.data, rows) : [];
    if (bad.length > 0) badOutputs[output] = bad;
  }
  return { outputs: arrays, nonFinite: { inputs: [...badInputs], outputs: badOutputs }, runMs };
}

function describe(tensor: Ort.InferenceSession.ValueMetadata): GraphTensor {
  return tensor.isTensor
    ? { name: tensor.name, dtype: tensor.type, shape: tensor.shape }
    : { name: tensor.name, dtype: 'not a tensor', shape: [] };
}
