// @ts-check
// What a message to a thread or to a process and back costs by itself, on this machine and now: no onnxruntime, none of our code.
import { spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';

/** @typedef {{ ask: (data: Float32Array, answer: number) => Promise<void>, close: () => Promise<unknown> }} Hop `answer`: bytes that come back. */

const echoThread = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ data, answer }) => parentPort.postMessage(new Uint8Array(answer)));`;

/** @returns {Hop} */
export function threadHop() {
  const worker = new Worker(echoThread, { eval: true });
  return {
    ask: (data, answer) =>
      new Promise((resolve) => {
        worker.once('message', () => resolve());
        const copy = data.slice();
        worker.postMessage({ data: copy, answer }, [copy.buffer]);
      }),
    close: () => worker.terminate(),
  };
}

const echoProcess = `
const { readSync, writeSync } = require('node:fs');
const read = (bytes) => {
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(3, bytes, at, bytes.length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return bytes;
};
for (;;) {
  const head = new Uint32Array(read(new Uint8Array(8)).buffer);
  read(new Uint8Array(head[0]));
  const answer = new Uint8Array(head[1]);
  for (let at = 0; at < answer.length; ) at += writeSync(3, answer, at);
}`;

/** @returns {Hop} */
export function processHop() {
  const child = spawn(process.execPath, ['-e', echoProcess], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const pipe = /** @type {import('node:net').Socket} */ (child.stdio[3]);
  let missing = 0;
  let done = () => {};
  pipe.on('data', ({ length }) => {
    missing -= length;
    if (missing === 0) done();
  });
  return {
    ask: (data, answer) =>
      new Promise((resolve) => {
        done = resolve;
        missing = answer;
        pipe.cork();
        pipe.write(new Uint8Array(Uint32Array.of(data.byteLength, answer).buffer));
        pipe.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        pipe.uncork();
      }),
    close: () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      pipe.end();
      return ended;
    },
  };
}
