// Entry of the process that owns sessions. It reads with blocking calls: nothing else happens here, and that saves the event loop's part of
// each hop. It ends when its parent closes the pipe or dies.
import { getPriority, setPriority } from 'node:os';
import { arrayTypes, bytesOf, type TensorData } from '../tensor.ts';
import { blockingPipe } from './blocking-pipe.ts';
import { CHANNEL } from './channel.ts';
import {
  decodeHead,
  encodeHead,
  jsonLength,
  PREFIX_BYTES,
  type Command,
  type Reply,
} from './frames.ts';
import { loadOrt } from './load-ort.ts';
import { toRefusal } from './refusal.ts';
import { createSessions, type Sessions } from './sessions.ts';

// Its parent decides when to end, and must be able to answer what it accepted.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

const niceness = Number(process.argv[2]);
// Relative to its parent's. Threads that onnxruntime starts inherit it.
if (niceness > 0)
  try {
    setPriority(Math.min(19, getPriority() + niceness));
  } catch {
    // Where the system does not allow it, they share as equals.
  }

const open = new Map<number, Sessions>();
/** By feed: batches run one after the other, so each may lie where the one before lay. */
const reused = new Map<string, ArrayBuffer>();

const pipe = blockingPipe(CHANNEL);

function read(target: Uint8Array): void {
  if (!pipe.read(target)) process.exit(0);
}

function readBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  read(bytes);
  return bytes;
}

function roomFor(key: string, size: number): ArrayBuffer {
  const room = reused.get(key);
  if (room !== undefined && room.byteLength >= size) return room;
  const larger = new ArrayBuffer(size);
  reused.set(key, larger);
  return larger;
}

interface Done {
  readonly reply: Reply;
  readonly payload: readonly Uint8Array[];
}

const actions: {
  readonly [K in Command['kind']]: (
    command: Extract<Command, { readonly kind: K }>,
    sizes: readonly number[],
  ) => Promise<Done>;
} = {
  async open({ id, settings, key }, [size]) {
    // Read before anything can fail: what is left in the pipe would be taken for the next frame.
    const model = readBytes(size!);
    const sessions = open.get(id) ?? createSessions(await loadOrt(), settings);
    open.set(id, sessions);
    const opened = await sessions.open(key, model);
    return { reply: { kind: 'opened', opened }, payload: [] };
  },
  async run({ id, graph, rows, feeds, outputs }, sizes) {
    const gathered = feeds.map(({ name, dtype, dims }, index) => {
      const size = sizes[index]!;
      const room = roomFor(`${id}/${graph}/${name}`, size);
      read(new Uint8Array(room, 0, size));
      const ArrayOf = arrayTypes[dtype];
      const data: TensorData = new ArrayOf(room, 0, size / ArrayOf.BYTES_PER_ELEMENT);
      return { name, dtype, dims, data };
    });
    const result = await open.get(id)!.run({ graph, rows, feeds: gathered, outputs });
    const framed = outputs.map((name) => {
      const { data, dims, dtype } = result.outputs[name]!;
      return { tensor: { name, dtype, dims }, bytes: bytesOf(data) };
    });
    return {
      reply: {
        kind: 'result',
        outputs: framed.map(({ tensor }) => tensor),
        nonFinite: result.nonFinite,
        runMs: result.runMs,
      },
      payload: framed.map(({ bytes }) => bytes),
    };
  },
  async close({ id }) {
    await open.get(id)?.release();
    open.delete(id);
    for (const key of reused.keys()) if (key.startsWith(`${id}/`)) reused.delete(key);
    return { reply: { kind: 'closed' }, payload: [] };
  },
};

async function answer(command: Command, sizes: readonly number[]): Promise<Done> {
  const act = actions[command.kind] as (
    command: Command,
    sizes: readonly number[],
  ) => Promise<Done>;
  try {
    return await act(command, sizes);
  } catch (error) {
    return { reply: { kind: 'refused', refusal: toRefusal(error) }, payload: [] };
  }
}

const prefix = new Uint8Array(PREFIX_BYTES);
for (;;) {
  read(prefix);
  const { message, sizes: received } = decodeHead(readBytes(jsonLength(prefix)));
  const command = message as Command;
  const { reply, payload } = await answer(command, received);
  const sizes = payload.map(({ byteLength }) => byteLength);
  pipe.write([encodeHead(reply, sizes), ...payload]);
  // A model, or what a closed session held: garbage now, and of a size that is worth a collection.
  if (command.kind !== 'run') globalThis.gc?.();
}
