// Entry of the thread that owns a session: `InferenceSession.run` blocks, so it must not run on the caller's thread.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceError } from './errors.ts';
import { explainLoadFailure, thisMachine } from './load-failure.ts';
import type { Command, Refusal, Report, Run, RunResult, WorkerSetup } from './messages.ts';
import { openSession, type OrtModule, type Session } from './session.ts';

const port = parentPort!;

function report(message: Report, buffers: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...buffers]);
}

function refusal(error: unknown): Refusal {
  const code = error instanceof InferenceError ? error.code : 'failed';
  return { code, message: error instanceof Error ? error.message : String(error) };
}

async function loadOrt(): Promise<OrtModule> {
  // From Node 23 on there is a Float16Array, which onnxruntime-common 1.30 prefers and onnxruntime-node cannot read
  // (onnxruntime issue 26791). This realm is ours alone: without it, half floats are bits in a Uint16Array everywhere.
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw explainLoadFailure(error, thisMachine());
  }
}

function buffersOf({ outputs }: RunResult): ArrayBuffer[] {
  return Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer);
}

async function answer(session: Session, id: number, run: Run): Promise<void> {
  try {
    const result = await session.run(run);
    report({ kind: 'result', id, result }, buffersOf(result));
  } catch (error) {
    report({ kind: 'failed', id, refusal: refusal(error) });
  }
}

async function main(): Promise<void> {
  const session = await openSession(await loadOrt(), workerData as WorkerSetup);
  port.on('message', (command: Command) => {
    if (command.kind === 'run') void answer(session, command.id, command.run);
    else
      void session.dispose().finally(() => {
        port.close();
      });
  });
  report({ kind: 'opened', opened: session.opened });
}

main().catch((error: unknown) => {
  report({ kind: 'refused', refusal: refusal(error) });
});
