import type { Model } from '../repository/model.ts';
import type { Histogram } from './histogram.ts';
import {
  labelsOf,
  records,
  type Labels,
  type Metric,
  type MetricsSources,
  type Sample,
} from './metric.ts';
import { ENTROPY, MEMBERS, ROWS, SECONDS, type ModelRecord } from './record.ts';

/** What Triton has no name for. */
export function ownMetrics({ repository, recorder, admission }: MetricsSources): readonly Metric[] {
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
      'Bytes of inputs and outputs of requests that wait or run',
      'gauge',
      ({ ensemble }) => ensemble.stats().heldBytes,
    ),
    perModel(
      'snapshot_ensemble_pending_body_bytes',
      'Bytes of request bodies that are not answered yet',
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
      help: 'Memory that is reserved for requests in progress',
      type: 'gauge',
      read: () => [{ labels: {}, value: admission.bytes }],
    },
    {
      name: 'snapshot_ensemble_requests_in_flight',
      help: 'Infer requests in progress',
      type: 'gauge',
      read: () => [{ labels: {}, value: admission.requests }],
    },
  ];
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
