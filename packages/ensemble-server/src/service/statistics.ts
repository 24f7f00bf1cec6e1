import type { Model } from '../repository/model.ts';

interface Duration {
  readonly count: number;
  readonly ns: number;
}

type Part =
  | 'success'
  | 'fail'
  | 'queue'
  | 'compute_input'
  | 'compute_infer'
  | 'compute_output'
  | 'cache_hit'
  | 'cache_miss';

/** Runs with so many rows. */
export interface BatchStatistics {
  readonly batch_size: number;
  readonly compute_input: Duration;
  readonly compute_infer: Duration;
  readonly compute_output: Duration;
}

export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<Part, Duration>>;
  readonly response_stats: object;
  readonly batch_stats: readonly BatchStatistics[];
  readonly memory_usage: readonly object[];
}

/** A model's counters in the words of Triton's statistics extension. */
export function modelStatistics(model: Model): ModelStatistics {
  const { succeeded, failed, failedMs, rows, batches, durationMs, batchSizes } =
    model.ensemble.stats();
  const times = (count: number, ms: number): Duration => ({ count, ns: Math.round(ms * 1e6) });
  const duration = (ms: number): Duration => times(succeeded, ms);
  const failures = Object.values(failed).reduce((sum, count) => sum + count, 0);
  const none = { count: 0, ns: 0 };
  return {
    name: model.name,
    version: model.version,
    last_inference: model.lastInference,
    inference_count: rows,
    execution_count: batches,
    inference_stats: {
      success: duration(durationMs.request),
      fail: times(failures, failedMs),
      queue: duration(durationMs.queue),
      compute_input: duration(durationMs.input),
      compute_infer: duration(durationMs.infer),
      compute_output: duration(durationMs.output),
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats: batchSizes.map(({ rows: size, count, durationMs: spent }) => ({
      batch_size: size,
      compute_input: times(count, spent.input),
      compute_infer: times(count, spent.infer),
      compute_output: times(count, spent.output),
    })),
    memory_usage: [],
  };
}
