import type { Prediction } from '@snapshot-ensemble/ensemble-runtime';
import type { ErrorCode } from '../http/status.ts';
import type { Model } from '../repository/model.ts';
import { createHistogram, type Histogram } from './histogram.ts';

export type Transport = 'http' | 'grpc';

/** What is known of a request once it is over. */
export interface Finished {
  readonly transport: Transport;
  /** The pattern of its path, or the method of its service; empty where there is none. */
  readonly route: string;
  /** HTTP status, or gRPC's. */
  readonly status: number;
  readonly code: ErrorCode | 'ok';
  readonly durationMs: number;
  readonly model?: Model | undefined;
  readonly prediction?: Prediction | undefined;
}

// From half a millisecond to ten seconds.
export const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
export const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;
export const MEMBERS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30] as const;
/** Of nats: the entropy of ten equal classes is 2.3. */
export const ENTROPY = [0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 5] as const;

export interface ModelRecord {
  readonly model: Model;
  succeeded: number;
  readonly failed: Map<ErrorCode, number>;
  readonly seconds: Histogram;
  readonly rows: Histogram;
  readonly membersUsed: Histogram;
  readonly entropy: Histogram;
  /** Rows that were answered by fewer members than there are. */
  earlyExits: number;
}

export interface ResponseCount {
  readonly transport: Transport;
  readonly route: string;
  readonly status: number;
  readonly code: ErrorCode | 'ok';
  count: number;
}

/** Counts every request, whatever became of it. */
export interface Recorder {
  finish(request: Finished): void;
  responses(): Iterable<ResponseCount>;
  /** Of the models that answered something, in the order of their first answer. */
  models(): Iterable<ModelRecord>;
  /** Forgets versions that no longer exist. */
  keep(models: readonly Model[]): void;
}

export function createRecorder(): Recorder {
  const responses = new Map<string, ResponseCount>();
  const models = new Map<Model, ModelRecord>();
  return {
    finish({ transport, route, status, code, durationMs, model, prediction }) {
      const key = `${transport} ${route} ${status} ${code}`;
      const response = responses.get(key);
      if (response === undefined) responses.set(key, { transport, route, status, code, count: 1 });
      else response.count++;
      if (model === undefined) return;
      let record = models.get(model);
      if (record === undefined) models.set(model, (record = recordOf(model)));
      if (code === 'ok') record.succeeded++;
      else record.failed.set(code, (record.failed.get(code) ?? 0) + 1);
      record.seconds.observe(durationMs / 1000);
      if (prediction !== undefined) observe(record, prediction);
    },
    responses: () => responses.values(),
    models: () => models.values(),
    keep(kept) {
      for (const model of models.keys()) if (!kept.includes(model)) models.delete(model);
    },
  };
}

function recordOf(model: Model): ModelRecord {
  return {
    model,
    succeeded: 0,
    failed: new Map(),
    seconds: createHistogram(SECONDS),
    rows: createHistogram(ROWS),
    membersUsed: createHistogram(MEMBERS),
    entropy: createHistogram(ENTROPY),
    earlyExits: 0,
  };
}

function observe(record: ModelRecord, { membersUsed, outputs }: Prediction): void {
  const { manifest } = record.model;
  record.rows.observe(membersUsed.length);
  for (const used of membersUsed) {
    record.membersUsed.observe(used);
    if (used < manifest.members.length) record.earlyExits++;
  }
  for (const { name, role } of manifest.outputs) {
    const tensor = role === 'predictive_entropy' ? outputs[name] : undefined;
    if (tensor !== undefined)
      for (const value of tensor.data) record.entropy.observe(Number(value));
  }
}
