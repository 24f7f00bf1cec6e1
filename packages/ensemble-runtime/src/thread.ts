import { Worker } from 'node:worker_threads';
import { InferenceError } from './errors.ts';
import type { Command, Opened, Refusal, Report, Run, RunResult, WorkerSetup } from './messages.ts';

/** A running worker with its session. It keeps the process alive only while it has work. */
export interface SessionThread {
  readonly opened: Opened;
  /** The arrays of the feeds are transferred. Throws `InferenceError` (`failed`, `worker-crashed`). */
  run(run: Run): Promise<RunResult>;
  /** Ends the thread after the runs that were begun. */
  close(): Promise<void>;
  /** Fulfilled once the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

interface Call {
  resolve(result: RunResult): void;
  reject(error: InferenceError): void;
}

// Threads run built JavaScript: Node 20 has no loader for TypeScript, so sources point at the build beside them.
const entry = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/worker.js' : './worker.js',
  import.meta.url,
);

/** Starts a worker and waits until its session is open. Throws the worker's `InferenceError`. */
export async function startThread(setup: WorkerSetup): Promise<SessionThread> {
  const worker = new Worker(entry, {
    name: `ensemble ${setup.name}`,
    workerData: setup,
    transferList: [setup.model.buffer],
  });
  const calls = new Map<number, Call>();
  const crash = watchForCrash(worker, setup.name);
  const ended = crash.then((error) => {
    for (const call of calls.values()) call.reject(error);
    calls.clear();
  });
  const opened = await waitForOpen(worker, crash);
  worker.on('message', (report: Report) => {
    settle(calls, report);
    if (calls.size === 0) worker.unref();
  });
  worker.unref();

  const send = (command: Command, buffers: readonly ArrayBuffer[] = []): void => {
    worker.ref();
    worker.postMessage(command, [...buffers]);
  };
  let lastId = 0;
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  return {
    opened,
    ended,
    run: (run) =>
      new Promise((resolve, reject) => {
        if (hasEnded) {
          reject(crashed(setup.name, undefined));
          return;
        }
        const id = ++lastId;
        calls.set(id, { resolve, reject });
        send(
          { kind: 'run', id, run },
          run.feeds.map(({ data }) => data.buffer as ArrayBuffer),
        );
      }),
    close() {
      send({ kind: 'close' });
      return ended;
    },
  };
}

/** Fulfilled at the thread's end with what its unfinished calls are told. */
function watchForCrash(worker: Worker, name: string): Promise<InferenceError> {
  return new Promise((resolve) => {
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.once('exit', () => {
      resolve(crashed(name, cause));
    });
  });
}

function crashed(name: string, cause: unknown): InferenceError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new InferenceError(
    'worker-crashed',
    `The worker of ensemble "${name}" ended before it answered${reason}. It is started again; send the request once more.`,
    cause === undefined ? {} : { cause },
  );
}

async function waitForOpen(worker: Worker, crash: Promise<InferenceError>): Promise<Opened> {
  const report = await Promise.race([
    new Promise<Report>((resolve) => worker.once('message', resolve)),
    crash,
  ]);
  if (report instanceof InferenceError) throw report;
  if (report.kind === 'opened') return report.opened;
  await worker.terminate();
  throw report.kind === 'refused'
    ? toError(report.refusal)
    : new Error(`worker answered ${report.kind}`);
}

function settle(calls: Map<number, Call>, report: Report): void {
  if (report.kind !== 'result' && report.kind !== 'failed') return;
  const call = calls.get(report.id);
  calls.delete(report.id);
  if (report.kind === 'result') call?.resolve(report.result);
  else call?.reject(toError(report.refusal));
}

function toError({ code, message }: Refusal): InferenceError {
  return new InferenceError(code, message);
}
