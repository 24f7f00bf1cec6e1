/**
 * A worker is `restarting` after it died, and `broken` after several starts in a row failed; it is then tried again, less and less often.
 */
export type WorkerState = 'starting' | 'ready' | 'restarting' | 'broken' | 'closed';

export interface WorkerStats {
  readonly state: WorkerState;
  /** Of the process, where it is one. */
  readonly pid?: number;
}

/** Why a request got no answer. */
export type FailureReason = 'invalid' | 'rejected' | 'canceled' | 'backend';

/** Where the time of successful requests went, summed over requests, in milliseconds. */
export interface Durations {
  /** From the call to its answer. */
  readonly request: number;
  /** Waiting for a free worker. */
  readonly queue: number;
  /** Putting batches together. */
  readonly input: number;
  /** Inside onnxruntime. A request of several batches counts each. */
  readonly infer: number;
  /** Between threads, and taking batches apart. */
  readonly output: number;
}

/** Runs of the graph with this many rows, and where their time went, summed, in milliseconds. */
export interface BatchStats {
  readonly rows: number;
  readonly count: number;
  readonly durationMs: Pick<Durations, 'input' | 'infer' | 'output'>;
}

/** Counters since the ensemble was loaded, and what is waiting now. */
export interface EnsembleStats {
  readonly succeeded: number;
  readonly failed: Readonly<Record<FailureReason, number>>;
  /** Rows of the requests that succeeded. */
  readonly rows: number;
  /** Runs of the graph; `rows / batches` is the mean batch. */
  readonly batches: number;
  /** Requests that are not answered yet. */
  readonly pendingRequests: number;
  readonly queuedRows: number;
  /** Bytes of the inputs and outputs of those requests, of which `batching.maxHeldBytes` is the limit. */
  readonly heldBytes: number;
  /** What each worker is doing. */
  readonly workers: readonly WorkerStats[];
  /** Workers that were replaced because they died. */
  readonly restarts: number;
  readonly durationMs: Durations;
  /** Time from the call to its refusal, summed over the requests that failed, in milliseconds. */
  readonly failedMs: number;
  /** Of the runs that succeeded, by their rows, fewest first. */
  readonly batchSizes: readonly BatchStats[];
}

/** Counts in place; `read` gives a copy that no longer changes. */
export interface Recorder {
  success(rows: number, requestMs: number, spent: Omit<Durations, 'request'>): void;
  /** `ms` after the call. */
  failure(reason: FailureReason, ms?: number): void;
  batch(): void;
  batchDone(rows: number, durations: BatchStats['durationMs']): void;
  restart(): void;
  read(
    now: Pick<EnsembleStats, 'pendingRequests' | 'queuedRows' | 'heldBytes' | 'workers'>,
  ): EnsembleStats;
}

export function createRecorder(): Recorder {
  const failed = { invalid: 0, rejected: 0, canceled: 0, backend: 0 };
  const sum = { request: 0, queue: 0, input: 0, infer: 0, output: 0 };
  const count = { succeeded: 0, rows: 0, batches: 0, restarts: 0, failedMs: 0 };
  const sizes = new Map<number, { count: number; input: number; infer: number; output: number }>();
  return {
    success(rows, requestMs, { queue, input, infer, output }) {
      count.succeeded++;
      count.rows += rows;
      sum.request += requestMs;
      sum.queue += queue;
      sum.input += input;
      sum.infer += infer;
      sum.output += output;
    },
    failure(reason, ms = 0) {
      failed[reason]++;
      count.failedMs += ms;
    },
    batch() {
      count.batches++;
    },
    batchDone(rows, durations) {
      let size = sizes.get(rows);
      if (size === undefined) sizes.set(rows, (size = { count: 0, input: 0, infer: 0, output: 0 }));
      size.count++;
      size.input += durations.input;
      size.infer += durations.infer;
      size.output += durations.output;
    },
    restart() {
      count.restarts++;
    },
    read: (now) => ({
      ...count,
      ...now,
      failed: { ...failed },
      durationMs: { ...sum },
      batchSizes: [...sizes]
        .sort(([a], [b]) => a - b)
        .map(([rows, { count: times, ...durationMs }]) => ({ rows, count: times, durationMs })),
    }),
  };
}
