import { InferenceError } from '../errors.ts';
import type { WorkerState, WorkerStats } from '../stats.ts';
import type { Batch, BatchResult, Executor, OpenedGraph } from './port.ts';

/** One turn on a lane. */
export interface Turn {
  /** Whether the executor is still there. */
  isReady(): boolean;
  /** Throws what the executor throws, and `InferenceError('worker-crashed')` where it has gone. */
  run(batch: Batch): Promise<BatchResult>;
  /** To be called once, when nothing runs. */
  release(): void;
}

/** A place where batches run, one after the other: an executor that is replaced when it ends. */
export interface Lane {
  readonly graphs: Readonly<Record<string, OpenedGraph>>;
  state(): WorkerState;
  stats(): WorkerStats;
  /** Why the last start failed. */
  failure(): unknown;
  /** Calls `start` when it is this lane's turn. */
  reserve(start: (turn: Turn) => void): void;
  close(): Promise<void>;
}

export interface SupervisorOptions {
  readonly name: string;
  readonly open: () => Promise<Executor>;
  /** A run that takes longer is taken for stuck, and its executor killed where that is safe. */
  readonly watchdogMs: number;
  /** Told of every change of `state`. */
  readonly onChange: (state: WorkerState) => void;
  readonly onRestart: () => void;
  /** Calls `act` once, later; the returned function forgets it. */
  readonly later: (act: () => void, ms: number) => () => void;
}

/** Failed starts in a row that make a lane `broken`. */
const PATIENCE = 3;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** Pause before a start: none after one failure, since most are single; then 100 ms, doubled each time up to 10 s. */
export function backoffMs(failures: number): number {
  return failures <= 1 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (failures - 2), LONGEST_DELAY_MS);
}

/** Opens a lane. Throws what the first start throws; later failures are tried again. */
export async function openLane(options: SupervisorOptions): Promise<Lane> {
  const { name, open, watchdogMs, onChange, onRestart, later } = options;
  let state: WorkerState = 'starting';
  let executor = await open();
  const { graphs } = executor;
  let failure: unknown;
  /** Ends and failed starts since the last batch that was answered. */
  let failures = 0;
  let forget = (): void => undefined;
  let starting: Promise<void> | undefined;

  const become = (next: WorkerState): void => {
    if (state === 'closed' || state === next) return;
    state = next;
    onChange(next);
  };
  const adopt = (opened: Executor): void => {
    executor = opened;
    become('ready');
    void opened.ended.then(() => {
      if (state === 'closed') return;
      onRestart();
      startAgain();
    });
  };
  const startAgain = (): void => {
    failures++;
    become(failures > PATIENCE ? 'broken' : 'restarting');
    forget = later(() => {
      starting = start();
    }, backoffMs(failures));
  };
  const start = async (): Promise<void> => {
    try {
      const opened = await open();
      if (state === 'closed') await opened.close();
      else adopt(opened);
    } catch (error) {
      failure = error;
      if (state !== 'closed') startAgain();
    }
  };

  const watched = async (running: Executor, batch: Batch): Promise<BatchResult> => {
    const stop = later(() => {
      running.kill();
    }, watchdogMs);
    try {
      const result = await running.run(batch);
      failures = 0;
      return result;
    } finally {
      stop();
    }
  };

  adopt(executor);
  return {
    graphs,
    state: () => state,
    stats: () => ({
      state,
      ...(state === 'ready' && executor.pid !== undefined && { pid: executor.pid }),
    }),
    failure: () => failure,
    reserve(begin) {
      const reserved = executor;
      // While this turn was waited for, another executor may have come.
      const isReady = (): boolean => state === 'ready' && executor === reserved;
      reserved.turn.take(1, (release) => {
        begin({
          isReady,
          release,
          run: (batch) =>
            isReady() ? watched(reserved, batch) : Promise.reject(notReady(name, state)),
        });
      });
    },
    async close() {
      const wasReady = state === 'ready';
      become('closed');
      forget();
      await starting;
      if (wasReady) await executor.close();
    },
  };
}

function notReady(name: string, state: WorkerState): InferenceError {
  return new InferenceError(
    'worker-crashed',
    `A worker of ensemble "${name}" is ${state}; send the request again.`,
  );
}
