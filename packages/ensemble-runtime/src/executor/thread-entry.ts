// Entry of the thread that owns sessions: `InferenceSession.run` blocks, so it must not run on the caller's thread.
import { parentPort, workerData } from 'node:worker_threads';
import { loadOrt } from './load-ort.ts';
import type { BatchResult, SessionSettings } from './port.ts';
import { toRefusal } from './refusal.ts';
import { createSessions, type GatheredBatch, type Sessions } from './sessions.ts';
import type { ThreadCommand, ThreadReport } from './thread.ts';

const port = parentPort!;
let sessions: Sessions | undefined;

function report(message: ThreadReport, buffers: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...buffers]);
}

function buffersOf({ outputs }: BatchResult): ArrayBuffer[] {
  return Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer);
}

async function open(key: string, model: Uint8Array): Promise<void> {
  sessions ??= createSessions(await loadOrt(), workerData as SessionSettings);
  report({ kind: 'opened', opened: await sessions.open(key, model) });
}

async function run(batch: GatheredBatch): Promise<void> {
  const result = await sessions!.run(batch);
  report({ kind: 'result', result }, buffersOf(result));
}

async function close(): Promise<void> {
  await sessions?.release();
  port.close();
}

const actions: {
  readonly [K in ThreadCommand['kind']]: (
    command: Extract<ThreadCommand, { readonly kind: K }>,
  ) => Promise<void>;
} = {
  open: ({ key, model }) => open(key, model),
  run: ({ batch }) => run(batch),
  close,
};

port.on('message', (command: ThreadCommand) => {
  const act = actions[command.kind] as (command: ThreadCommand) => Promise<void>;
  act(command).catch((error: unknown) => {
    report({ kind: 'refused', refusal: toRefusal(error) });
  });
});
