import type { EnsembleStats } from '@snapshot-ensemble/ensemble-runtime';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ErrorCode } from '../http/status.ts';
import type { Model } from '../repository/model.ts';
import type { Repository } from '../repository/repository.ts';
import type { Admission } from '../service/admission.ts';
import { ENTROPY, MEMBERS, ROWS, SECONDS, type ModelRecord, type Recorder } from './record.ts';
import type { Histogram } from './histogram.ts';

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}
/** A metric that is read when it is scraped. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  read(): readonly Sample[];
}

export interface MetricsSources {
  readonly repository: Repository;
  readonly recorder: Recorder;
  readonly admission: Admission;
}

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

/** A registry of its own, whose metrics are read when it is scraped. */
export function createMetrics(sources: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of [...tritonMetrics(sources), ...ownMetrics(sources)])
    // prom-client's own classes cannot take values that were counted elsewhere.
    registry.registerMetric({
      name: metric.name,
      get: () => ({
        name: metric.name,
        help: metric.help,
        type: metric.type,
        values: metric.read(),
        aggregator: 'sum',
      }),
    } as unknown as Parameters<Registry['registerMetric']>[0]);
  return registry;
}

/** Named as Triton names them, so that its dashboards fit. */
function tritonMetrics({ repository, recorder }: MetricsSources): readonly Metric[] {
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
      help: 'Requests that were not answered, by reason',
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

function ownMetrics({ repository, recorder, admission }: MetricsSources): readonly Metric[] {
  const histogram = (
    name: string,
    help: string,
    bounds: readonly number[],
    of: (record: ModelRecord) => Histogram,
  ): Metric => ({
    name,
    help,
    type: 'histogram',
    read: () =>
      records(repository, recorder).flatMap(({ model, record }) =>
        record === undefined ? [] : samples(name, labelsOf(model), bounds, of(record)),
      ),
  });
  const perModel = (
    name: string,
    help: string,
    type: 'counter' | 'gauge',
    read: (model: Model) => number,
  ): Metric => ({
    name,
    help,
    type,
    read: () =>
      repository.models().map((model) => ({ labels: labelsOf(model), value: read(model) })),
  });
  return [
    {
      name: 'snapshot_ensemble_responses_total',
      help: 'Every response, by transport, route, status and code',
      type: 'counter',
      read: () =>
        Array.from(recorder.responses(), ({ transport, route, status, code, count }) => ({
          labels: { transport, route, status: String(status), code },
          value: count,
        })),
    },
    histogram(
      'snapshot_ensemble_request_duration_seconds',
      'Time from the head of an infer request to its answer',
      SECONDS,
      ({ seconds }) => seconds,
    ),
    histogram('snapshot_ensemble_request_rows', 'Rows of a request', ROWS, ({ rows }) => rows),
    histogram(
      'snapshot_ensemble_members_used',
      'Members that answered a row',
      MEMBERS,
      ({ membersUsed }) => membersUsed,
    ),
    histogram(
      'snapshot_ensemble_predictive_entropy',
      'Predictive entropy of a row, in nats, where it was asked for',
      ENTROPY,
      ({ entropy }) => entropy,
    ),
    {
      name: 'snapshot_ensemble_early_exit_rows_total',
      help: 'Rows that were answered by fewer members than there are',
      type: 'counter',
      read: () =>
        records(repository, recorder).map(({ model, record }) => ({
          labels: labelsOf(model),
          value: record?.earlyExits ?? 0,
        })),
    },
    perModel(
      'snapshot_ensemble_queue_rows',
      'Rows that wait for a worker',
      'gauge',
      ({ ensemble }) => ensemble.stats().queuedRows,
    ),
    perModel(
      'snapshot_ensemble_queue_bytes',
      'Bytes of the inputs and outputs that wait or are computed',
      'gauge',
      ({ ensemble }) => ensemble.stats().heldBytes,
    ),
    perModel(
      'snapshot_ensemble_pending_body_bytes',
      'Bytes of the bodies of requests without an answer yet',
      'gauge',
      ({ load }) => load.bytes,
    ),
    perModel(
      'snapshot_ensemble_worker_restarts_total',
      'Workers that died and were replaced',
      'counter',
      ({ ensemble }) => ensemble.stats().restarts,
    ),
    {
      name: 'snapshot_ensemble_bytes_in_flight',
      help: 'Memory that is reserved for requests under way',
      type: 'gauge',
      read: () => [{ labels: {}, value: admission.bytes }],
    },
    {
      name: 'snapshot_ensemble_requests_in_flight',
      help: 'Infer requests under way',
      type: 'gauge',
      read: () => [{ labels: {}, value: admission.requests }],
    },
  ];
}

function labelsOf({ name, version }: Model): Labels {
  return { model: name, version };
}

function records(
  repository: Repository,
  recorder: Recorder,
): readonly { readonly model: Model; readonly record: ModelRecord | undefined }[] {
  const models = repository.models();
  recorder.keep(models);
  const known = new Map(Array.from(recorder.models(), (record) => [record.model, record]));
  return models.map((model) => ({ model, record: known.get(model) }));
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

function samples(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  histogram: Histogram,
): readonly Sample[] {
  const { cumulative, sum, count } = histogram.read();
  return [
    ...cumulative.map((value, index) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: index < bounds.length ? String(bounds[index]) : '+Inf' },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
