import type { EnsembleStats } from '@snapshot-ensemble/ensemble-runtime';
import type { ErrorCode } from '../http/status.ts';
import type { Model } from '../repository/model.ts';
import { labelsOf, records, type Metric, type MetricsSources, type Sample } from './metric.ts';
import type { ModelRecord } from './record.ts';

/** Triton's reasons by our codes; every other code is OTHER. */
const reasons: Partial<Record<ErrorCode, string>> = {
  overloaded: 'REJECTED',
  'deadline-exceeded': 'REJECTED',
  aborted: 'CANCELED',
  failed: 'BACKEND',
  'worker-crashed': 'BACKEND',
  unavailable: 'BACKEND',
  'non-finite-output': 'BACKEND',
};

/** Named as Triton names them, so that its dashboards fit. */
export function tritonMetrics({ repository, recorder }: MetricsSources): readonly Metric[] {
  const perModel =
    (read: (stats: EnsembleStats) => number): Metric['read'] =>
    () =>
      repository.models().map((model) => ({
        labels: labelsOf(model),
        value: read(model.ensemble.stats()),
      }));
  const duration = (
    part: string,
    what: string,
    read: (ms: EnsembleStats['durationMs']) => number,
  ): Metric => ({
    name: `nv_inference_${part}_duration_us`,
    help: `Cumulative ${what} of successful requests, in microseconds`,
    type: 'counter',
    read: perModel(({ durationMs }) => Math.round(read(durationMs) * 1000)),
  });
  return [
    {
      name: 'nv_inference_request_success',
      help: 'Requests that were answered',
      type: 'counter',
      read: () =>
        records(repository, recorder).map(({ model, record }) => ({
          labels: labelsOf(model),
          value: record?.succeeded ?? 0,
        })),
    },
    {
      name: 'nv_inference_request_failure',
      help: 'Requests that failed, by reason',
      type: 'counter',
      read: () => records(repository, recorder).flatMap(failures),
    },
    {
      name: 'nv_inference_count',
      help: 'Rows that were answered',
      type: 'counter',
      read: perModel(({ rows }) => rows),
    },
    {
      name: 'nv_inference_exec_count',
      help: 'Runs of the graph; rows divided by runs is the mean batch',
      type: 'counter',
      read: perModel(({ batches }) => batches),
    },
    {
      name: 'nv_inference_pending_request_count',
      help: 'Requests without an answer yet',
      type: 'gauge',
      read: () =>
        repository
          .models()
          .map((model) => ({ labels: labelsOf(model), value: model.load.requests })),
    },
    duration('request', 'time from call to answer', ({ request }) => request),
    duration('queue', 'time in the queue', ({ queue }) => queue),
    duration('compute_input', 'time to put batches together', ({ input }) => input),
    duration('compute_infer', 'time inside onnxruntime', ({ infer }) => infer),
    duration('compute_output', 'time to take batches apart', ({ output }) => output),
  ];
}

function failures({
  model,
  record,
}: {
  readonly model: Model;
  readonly record: ModelRecord | undefined;
}): readonly Sample[] {
  const counts = new Map(['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'].map((reason) => [reason, 0]));
  for (const [code, count] of record?.failed ?? []) {
    const reason = reasons[code] ?? 'OTHER';
    counts.set(reason, counts.get(reason)! + count);
  }
  return Array.from(counts, ([reason, value]) => ({
    labels: { ...labelsOf(model), reason },
    value,
  }));
}
