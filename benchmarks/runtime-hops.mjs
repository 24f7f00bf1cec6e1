// @ts-check
// The least that a computation in another thread or process can cost on this machine, now, with none of our code: an echo that waits as long as
// a computation takes (a core that slept meanwhile wakes up late), and a bare onnxruntime session there.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/**
 * @typedef {object} Place
 * @property {(data: Float32Array, answer: number, busyMs: number) => Promise<void>} echo Takes the data, computes for so long, sends so many bytes back.
 * @property {(data: Float32Array) => Promise<void>} run Takes the data through the session, sends its first output back.
 * @property {() => Promise<unknown>} close
 */

const require = createRequire(import.meta.url);

/** Source of what both places do, `setting` being `{ ort, graph, threads, shape }`. */
const work = `
const { readFileSync } = require('node:fs');
const busy = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};
const size = setting.shape.reduce((product, side) => product * side, 1);
const ort = require(setting.ort);
const opened = ort.InferenceSession.create(readFileSync(setting.graph), {
  intraOpNumThreads: setting.threads,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const run = async (data) => {
  const session = await opened;
  const dims = [data.length / size, ...setting.shape];
  const [output] = session.outputNames;
  const answer = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, dims) }, [output]);
  return answer[output].data;
};`;

const thread = `
const { parentPort, workerData: setting } = require('node:worker_threads');
${work}
parentPort.on('message', async ({ data, answer, busyMs }) => {
  if (busyMs !== undefined) {
    busy(busyMs);
    parentPort.postMessage(new Uint8Array(answer));
    return;
  }
  const output = await run(data);
  parentPort.postMessage(output, [output.buffer]);
});`;

const process_ = `
const { readSync, writeSync } = require('node:fs');
const setting = JSON.parse(process.argv[1]);
${work}
const read = (bytes) => {
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(3, bytes, at, bytes.length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return bytes;
};
const write = (bytes) => {
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
};
let room = new ArrayBuffer(0);
(async () => {
  for (;;) {
    const [length, answer, busyMs] = new Float64Array(read(new Uint8Array(24)).buffer);
    if (room.byteLength < length) room = new ArrayBuffer(length);
    read(new Uint8Array(room, 0, length));
    if (busyMs >= 0) {
      busy(busyMs);
      write(new Uint8Array(answer));
      continue;
    }
    const output = await run(new Float32Array(room, 0, length / 4));
    write(new Uint8Array(output.buffer, output.byteOffset, output.byteLength));
  }
})();`;

/**
 * @param {{ graph: string, threads: number, shape: readonly number[] }} setting
 * @returns {Place}
 */
export function threadPlace(setting) {
  const worker = new Worker(thread, {
    eval: true,
    workerData: { ...setting, ort: require.resolve('onnxruntime-node') },
  });
  const ask = (/** @type {Float32Array} */ data, rest = {}) =>
    /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        worker.once('message', () => resolve());
        const copy = data.slice();
        worker.postMessage({ data: copy, ...rest }, [copy.buffer]);
      })
    );
  return {
    echo: (data, answer, busyMs) => ask(data, { answer, busyMs }),
    run: (data) => ask(data),
    close: () => worker.terminate(),
  };
}

/**
 * @param {{ graph: string, threads: number, shape: readonly number[], outputBytes: number }} setting `outputBytes` of one row.
 * @returns {Place}
 */
export function processPlace({ outputBytes, ...setting }) {
  const argument = JSON.stringify({ ...setting, ort: require.resolve('onnxruntime-node') });
  const child = spawn(process.execPath, ['-e', process_, argument], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const pipe = /** @type {import('node:net').Socket} */ (child.stdio[3]);
  const size = setting.shape.reduce((product, side) => product * side, 1);
  let missing = 0;
  let done = () => {};
  pipe.on('data', ({ length }) => {
    missing -= length;
    if (missing === 0) done();
  });
  const ask = (
    /** @type {Float32Array} */ data,
    /** @type {number} */ answer,
    /** @type {number} */ busyMs,
  ) =>
    /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        done = resolve;
        missing = answer;
        pipe.cork();
        pipe.write(new Uint8Array(Float64Array.of(data.byteLength, answer, busyMs).buffer));
        pipe.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        pipe.uncork();
      })
    );
  return {
    echo: ask,
    run: (data) => ask(data, (data.length / size) * outputBytes, -1),
    close: () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      pipe.end();
      return ended;
    },
  };
}
