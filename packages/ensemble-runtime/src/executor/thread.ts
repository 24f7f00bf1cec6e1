import { Worker } from 'node:worker_threads';
import { gate } from '../cores/gate.ts';
import { builtEntry } from './built-entry.ts';
import { gatherBatch } from './gather.ts';
import type { BatchResult, Executor, ExecutorSetup, OpenedGraph } from './port.ts';
import { crashed, toError, type Refusal } from './refusal.ts';
import type { GatheredBatch } from './sessions.ts';

/** To the thread, one at a time. Buffers are transferred. */
export type ThreadCommand =
  | { readonly kind: 'open'; readonly key: string; readonly model: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'run'; readonly batch: GatheredBatch }
  | { readonly kind: 'close' };

/** From the thread, one to each command but `close`. */
export type ThreadReport =
  | { readonly kind: 'opened'; readonly opened: OpenedGraph }
  | { readonly kind: 'result'; readonly result: BatchResult }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

interface Call {
  resolve(report: ThreadReport): void;
  reject(error: Error): void;
}

/**
 * Runs graphs in a worker thread: the event loop stays free, buffers are handed over without a copy. A thread isolates nothing: a crash in
 * onnxruntime, `process.exit()` or ending the thread while it computes abort the process, so it is never ended by force.
 */
export async function openThread({ graphs, ...settings }: ExecutorSetup): Promise<Executor> {
  const worker = new Worker(builtEntry('thread-entry'), {
    name: `ensemble ${settings.name}`,
    workerData: settings,
  });
  let call: Call | undefined;
  const ended = new Promise<void>((resolve) => {
    let reason = 'its thread stopped';
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.once('exit', () => {
      call?.reject(crashed(settings.name, reason));
      call = undefined;
      hasEnded = true;
      resolve();
    });
  });
  let hasEnded = false;
  worker.on('message', (report: ThreadReport) => {
    // Idle, it does not keep the process alive.
    worker.unref();
    const answered = call;
    call = undefined;
    answered?.resolve(report);
  });
  const ask = async (
    command: ThreadCommand,
    buffers: readonly ArrayBuffer[],
  ): Promise<ThreadReport> => {
    if (hasEnded) throw crashed(settings.name, 'its thread stopped');
    const report = await new Promise<ThreadReport>((resolve, reject) => {
      call = { resolve, reject };
      worker.ref();
      worker.postMessage(command, [...buffers]);
    });
    if (report.kind === 'refused') throw toError(report.refusal);
    return report;
  };
  const close = async (): Promise<void> => {
    worker.ref();
    worker.postMessage({ kind: 'close' } satisfies ThreadCommand);
    await ended;
  };
  const opened: Record<string, OpenedGraph> = {};
  try {
    for (const graph of graphs) {
      const { key } = graph;
      const model = await graph.read();
      const report = await ask({ kind: 'open', key, model }, [model.buffer]);
      if (report.kind !== 'opened') throw new Error(`The thread answered ${report.kind}.`);
      opened[key] = report.opened;
    }
    return {
      graphs: opened,
      turn: gate(1),
      ended,
      close,
      async run(batch) {
        const gathered = gatherBatch(batch, false);
        const buffers = gathered.feeds.map(({ data }) => data.buffer as ArrayBuffer);
        const answer = await ask({ kind: 'run', batch: gathered }, buffers);
        if (answer.kind !== 'result') throw new Error(`The thread answered ${answer.kind}.`);
        return answer.result;
      },
      kill: () => false,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
