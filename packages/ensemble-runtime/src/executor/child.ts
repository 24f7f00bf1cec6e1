import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gate, type Gate } from '../cores/gate.ts';
import { builtEntry } from './built-entry.ts';
import { CHANNEL } from './channel.ts';
import { createFrameReader, encodeHead, type Command, type Reply } from './frames.ts';

/** Of a frame, what is written at a time: more would keep the event loop from its other work. */
const GROUP_BYTES = 256 * 1024;
/**
 * glibc gives larger blocks back as soon as they are free: without, it raises the bound to the size of the model that was read, and keeps as
 * much. Half of a model less in memory.
 */
const MAPPED_BYTES = String(1024 * 1024);
/** Of what the child wrote to its standard error, for the error of a crash. */
const KEPT_TEXT = 2000;

export interface Answer {
  readonly reply: Reply;
  readonly payload: readonly ArrayBuffer[];
}

/** A process of ours that runs sessions; one command at a time. */
export interface Child {
  readonly pid: number | undefined;
  /** Commands need it. */
  readonly turn: Gate;
  /**
   * The payload's parts each in pieces, which are put together where they are read. Rejected with an Error whose message says how the process
   * ended, if it does before it answers.
   */
  call(command: Command, payload: readonly (readonly Uint8Array[])[]): Promise<Answer>;
  hasEnded(): boolean;
  kill(): void;
  /** Lets it end by itself. */
  end(): Promise<void>;
  /** Fulfilled with how it ended. */
  readonly ended: Promise<string>;
}

/** Starts a process. It keeps this one alive only while it has work, and ends by itself when this one does. */
export function startChild(niceness: number): Child {
  // Models are dropped once their sessions are open, which needs a collection.
  const args = ['--expose-gc', fileURLToPath(builtEntry('process-entry')), String(niceness)];
  const process_ = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
    env: { MALLOC_MMAP_THRESHOLD_: MAPPED_BYTES, ...process.env },
  });
  const channel = process_.stdio[CHANNEL] as Socket;
  const stderr = process_.stderr as unknown as Socket;
  let call: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  let isEnded = false;
  let text = '';
  const keepAlive = (isBusy: boolean): void => {
    for (const handle of [process_, channel, stderr])
      if (isBusy) handle.ref();
      else handle.unref();
  };

  stderr.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-KEPT_TEXT);
  });
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      if (isEnded) return;
      isEnded = true;
      const said = text.trim();
      const reason = said === '' ? how : `${how} (${said})`;
      call?.reject(new Error(reason));
      call = undefined;
      resolve(reason);
    };
    process_.once('error', (error) => {
      end(`its process did not start: ${error.message}`);
    });
    process_.once('exit', (code, signal) => {
      end(signal === null ? `its process exited with code ${code}` : `its process got ${signal}`);
    });
  });
  // EPIPE and ECONNRESET: `exit` says it better.
  channel.on('error', () => undefined);
  const read = createFrameReader((reply, payload) => {
    const answered = call;
    call = undefined;
    keepAlive(false);
    answered?.resolve({ reply: reply as Reply, payload });
  });
  channel.on('data', read);
  keepAlive(false);

  return {
    pid: process_.pid,
    turn: gate(1),
    ended,
    hasEnded: () => isEnded,
    call: (command, payload) =>
      new Promise((resolve, reject) => {
        if (isEnded) {
          reject(new Error('its process has ended'));
          return;
        }
        call = { resolve, reject };
        keepAlive(true);
        const head = encodeHead(command, payload.map(sizeOf));
        void write(channel, [head, ...payload.flat()]);
      }),
    kill() {
      process_.kill('SIGKILL');
    },
    async end() {
      if (isEnded) return;
      keepAlive(true);
      channel.end();
      await ended;
    },
  };
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Group by group, each after the one before was taken; small frames are one group. */
async function write(channel: Socket, parts: readonly Uint8Array[]): Promise<void> {
  for (const group of groupsOf(parts)) {
    const isTaken = await new Promise<boolean>((resolve) => {
      channel.cork();
      for (const piece of group.slice(0, -1)) channel.write(piece);
      channel.write(group.at(-1)!, (error) => {
        resolve(error === null || error === undefined);
      });
      channel.uncork();
    });
    // The child is gone, and its end answers the call.
    if (!isTaken) return;
  }
}

/** The parts in their order, cut and put together to groups of at most `GROUP_BYTES`. */
function* groupsOf(parts: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let group: Uint8Array[] = [];
  let room = GROUP_BYTES;
  for (const part of parts)
    for (let start = 0; start < part.byteLength;) {
      const piece = part.subarray(start, start + room);
      group.push(piece);
      start += piece.byteLength;
      room -= piece.byteLength;
      if (room > 0) continue;
      yield group;
      group = [];
      room = GROUP_BYTES;
    }
  if (group.length > 0) yield group;
}
