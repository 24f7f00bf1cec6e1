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

export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<Part, Duration>>;
  readonly response_stats: object;
  readonly batch_stats: readonly object[];
  readonly memory_usage: readonly object[];
}

/** A model's counters in the words of Triton's statistics extension. */
export function modelStatistics(model: Model): ModelStatistics {
  const { succeeded, failed, rows, batches, durationMs } = model.ensemble.stats();
  const duration = (ms: number): Duration => ({ count: succeeded, ns: Math.round(ms * 1e6) });
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
      fail: { count: failures, ns: 0 },
      queue: duration(durationMs.queue),
      compute_input: duration(durationMs.input),
      compute_infer: duration(durationMs.infer),
      compute_output: duration(durationMs.output),
      cache_hit: none,
      cache_miss: none,
    },
    response_stats: {},
    batch_stats: [],
    memory_usage: [],
  };
}
