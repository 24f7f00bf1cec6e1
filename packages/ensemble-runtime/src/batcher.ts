import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import {
  collect,
  createJob,
  gather,
  outputsOf,
  rowsOf,
  scatter,
  takeBatch,
  type Job,
  type Segment,
} from './job.ts';
import type { Run, RunResult } from './messages.ts';
import type { FailureReason, Recorder } from './stats.ts';
import type { Tensors } from './tensor.ts';
import type { ValidInputs } from './validate.ts';

export interface BatcherOptions {
  readonly manifest: BundleManifest;
  /** Each runs one batch at a time. */
  readonly lanes: readonly { run(run: Run): Promise<RunResult> }[];
  readonly maxBatchRows: number;
  readonly maxQueueRows: number;
  readonly recorder: Recorder;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Puts the rows of waiting requests together whenever a lane is free; it never waits for more to come. */
export interface Batcher {
  submit(
    inputs: ValidInputs,
    outputs: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Tensors>;
  waiting(): { readonly pendingRequests: number; readonly queuedRows: number };
  /** Refuses what comes from now on; fulfilled when all that was accepted has its answer. */
  drain(): Promise<void>;
}

export function createBatcher(options: BatcherOptions): Batcher {
  const { manifest, lanes, maxBatchRows, maxQueueRows, recorder, now } = options;
  const queue: Job[] = [];
  const free = [...lanes];
  const pending = new Set<Job>();
  const idle: (() => void)[] = [];
  let queuedRows = 0;
  let isClosed = false;

  const settle = (job: Job, finish: () => void): void => {
    if (job.isSettled) return;
    job.isSettled = true;
    if (job.taken < job.rows) {
      queue.splice(queue.indexOf(job), 1);
      queuedRows -= job.rows - job.taken;
    }
    pending.delete(job);
    finish();
    if (pending.size === 0) for (const wake of idle.splice(0)) wake();
  };

  const fail = (job: Job, reason: FailureReason, error: unknown): void => {
    settle(job, () => {
      recorder.failure(reason);
      job.reject(error);
    });
  };

  const complete = (job: Job): void => {
    settle(job, () => {
      recorder.success(job.rows, { ...job.spent, request: now() - job.queuedAt });
      job.resolve(collect(manifest, job));
    });
  };

  const execute = async (lane: (typeof lanes)[number], batch: readonly Segment[]) => {
    const started = now();
    const feeds = gather(manifest, batch);
    const gathered = now();
    recorder.batch();
    const { outputs, runMs } = await lane.run({ feeds, outputs: outputsOf(batch) });
    const result = { outputs, rows: rowsOf(batch) };
    const open = batch.filter(({ job }) => !job.isSettled);
    for (const segment of open) scatter(manifest, segment, result);
    const output = now() - gathered - runMs;
    for (const { job, start } of open) {
      if (start === 0) job.spent.queue = started - job.queuedAt;
      job.spent.input += gathered - started;
      job.spent.infer += runMs;
      job.spent.output += output;
      if (job.done === job.rows) complete(job);
    }
  };

  const pump = (): void => {
    while (free.length > 0 && queue.length > 0) {
      const lane = free.shift()!;
      const batch = takeBatch(queue, maxBatchRows);
      queuedRows -= rowsOf(batch);
      void execute(lane, batch)
        .catch((error: unknown) => {
          for (const { job } of batch) fail(job, 'backend', error);
        })
        .finally(() => {
          free.push(lane);
          pump();
        });
    }
  };

  const refuse = (code: 'closed' | 'overloaded', text: string): InferenceError => {
    recorder.failure('rejected');
    return new InferenceError(code, `Ensemble "${manifest.name}" ${text}`);
  };

  const admit = ({ rows }: ValidInputs): void => {
    if (isClosed) throw refuse('closed', 'is closed; load it again.');
    const waiting = queuedRows;
    // A request larger than the queue is served when nobody else waits, or it could never be.
    if (waiting > 0 && waiting + rows > maxQueueRows)
      throw refuse(
        'overloaded',
        `is busy: ${waiting} rows wait and ${rows} came, maxQueueRows is ${maxQueueRows}. Try again later.`,
      );
  };

  return {
    async submit(inputs, outputs, signal) {
      if (signal?.aborted === true) {
        recorder.failure('canceled');
        throw aborted(manifest.name, signal);
      }
      admit(inputs);
      const { job, answer } = createJob(inputs, outputs, now());
      const abort = (): void => {
        fail(job, 'canceled', aborted(manifest.name, signal!));
      };
      signal?.addEventListener('abort', abort, { once: true });
      pending.add(job);
      queue.push(job);
      queuedRows += job.rows;
      pump();
      try {
        return await answer;
      } finally {
        signal?.removeEventListener('abort', abort);
      }
    },
    waiting: () => ({ pendingRequests: pending.size, queuedRows }),
    async drain() {
      isClosed = true;
      if (pending.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

function aborted(name: string, { reason }: AbortSignal): InferenceError {
  return new InferenceError(
    'aborted',
    `A request to ensemble "${name}" was aborted by its signal before it was answered.`,
    { cause: reason },
  );
}
