import type { EnsembleStats } from '@snapshot-ensemble/ensemble-runtime';
import { Counter, Gauge, Registry } from 'prom-client';
import { MODEL_VERSION, type Models } from './data-plane.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind?: 'gauge';
  /** Values by the labels that tell them apart, apart from model and version. */
  readonly read: (
    stats: EnsembleStats,
  ) => readonly (readonly [Readonly<Record<string, string>>, number])[];
}

const one = (value: number): ReturnType<Metric['read']> => [[{}, value]];

const duration = (
  part: string,
  what: string,
  read: (durations: EnsembleStats['durationMs']) => number,
): Metric => ({
  name: `nv_inference_${part}_duration_us`,
  help: `Cumulative ${what} of successful requests, in microseconds`,
  read: ({ durationMs }) => one(Math.round(read(durationMs) * 1000)),
});

/** Named as Triton names them, so that its dashboards fit. */
const metrics: readonly Metric[] = [
  {
    name: 'nv_inference_request_success',
    help: 'Requests that were answered',
    read: ({ succeeded }) => one(succeeded),
  },
  {
    name: 'nv_inference_request_failure',
    help: 'Requests that were not answered, by reason',
    read: ({ failed }) => [
      [{ reason: 'REJECTED' }, failed.rejected],
      [{ reason: 'CANCELED' }, failed.canceled],
      [{ reason: 'BACKEND' }, failed.backend],
      [{ reason: 'OTHER' }, failed.invalid],
    ],
  },
  {
    name: 'nv_inference_count',
    help: 'Rows that were answered',
    read: ({ rows }) => one(rows),
  },
  {
    name: 'nv_inference_exec_count',
    help: 'Runs of the graph; rows divided by runs is the mean batch',
    read: ({ batches }) => one(batches),
  },
  {
    name: 'nv_inference_pending_request_count',
    help: 'Requests without an answer yet',
    kind: 'gauge',
    read: ({ pendingRequests }) => one(pendingRequests),
  },
  duration('request', 'time from call to answer', ({ request }) => request),
  duration('queue', 'time in the queue', ({ queue }) => queue),
  duration('compute_input', 'time to put batches together', ({ input }) => input),
  duration('compute_infer', 'time inside onnxruntime', ({ infer }) => infer),
  duration('compute_output', 'time to take batches apart', ({ output }) => output),
  {
    name: 'snapshot_ensemble_worker_restarts',
    help: 'Workers that died and were replaced',
    read: ({ restarts }) => one(restarts),
  },
];

/** A registry of its own that reads the ensembles' counters when it is scraped. */
export function createMetrics(models: Models): Registry {
  const registry = new Registry();
  for (const { name, help, kind, read } of metrics) {
    const Collector = kind === 'gauge' ? Gauge : Counter;
    new Collector({
      name,
      help,
      labelNames: ['model', 'version', 'reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [model, ensemble] of models)
          for (const [labels, value] of read(ensemble.stats()))
            this.inc({ model, version: MODEL_VERSION, ...labels }, value);
      },
    });
  }
  return registry;
}
