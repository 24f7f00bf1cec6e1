// @ts-check
// What ensemble-runtime and ensemble-server cost on top of onnxruntime, and what batching gives back.
// Five small CNNs (28×28×1, 10 classes) in one graph: `npm run build && node benchmarks/serving.mjs [path]`; `path` measures the way over HTTP alone.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { serve } from '@snapshot-ensemble/ensemble-server';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { sideBySide } from './side-by-side.mjs';

const MEMBERS = 5;
const PIXELS = 28 * 28;
const threads = availableParallelism();

const [word, argument] = process.argv.slice(2);
if (word === 'serve') await serveUntilTold(argument);
else if (word === 'bare') await serveBarely();
else await measure(word === 'path');

/** The server runs in a process of its own, so that its client does not take its time. */
async function serveUntilTold(folder) {
  const server = await serve({ bundles: { cnn: folder }, port: 0 });
  process.send?.(server.url);
  await once(process, 'disconnect');
  await server.close();
}

/** Node's own HTTP server, which reads a body and answers as many bytes as ours: what HTTP costs whoever serves it in Node. */
async function serveBarely() {
  const answer = Buffer.alloc(600);
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200, { 'Content-Length': answer.length });
      response.end(answer);
    });
  }).listen(0, '127.0.0.1', () => {
    process.send?.(`http://127.0.0.1:${server.address().port}`);
  });
  await once(process, 'disconnect');
  server.closeAllConnections();
  server.close();
}

/** @param {boolean} pathOnly */
async function measure(pathOnly) {
  const folder = mkdtempSync(join(tmpdir(), 'serving-'));
  try {
    await writeBundle(folder);
    await httpPath(folder);
    if (pathOnly) return;
    for (const rows of [1, 64]) await inProcess(folder, rows);
    await manyAtOnce(folder);
    await eventLoop(folder);
    await overHttp(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} folder */
async function writeBundle(folder) {
  const { conv2d, maxPooling2d, flatten, dense } = tf.layers;
  const models = Array.from({ length: MEMBERS }, () =>
    tf.sequential({
      layers: [
        // Members of one ensemble agree in the names that they begin and end with.
        conv2d({
          name: 'pixels',
          filters: 16,
          kernelSize: 3,
          activation: 'relu',
          inputShape: [28, 28, 1],
        }),
        maxPooling2d({ poolSize: 2 }),
        conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
        maxPooling2d({ poolSize: 2 }),
        flatten(),
        dense({ name: 'digit', units: 10, activation: 'softmax' }),
      ],
    }),
  );
  await exportEnsemble(await Promise.all(models.map(modelArtifacts)), bundleDirectory(folder), {
    policy: meanPolicy(
      'probabilities',
      models.map((_, index) => index),
    ),
  });
}

/**
 * @param {string} folder
 * @param {boolean} spinning
 */
async function rawSession(folder, spinning) {
  const bundle = await readBundle(bundleDirectory(folder));
  return await ort.InferenceSession.create(await bundle.readGraph(), {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  });
}

/** @param {number} rows */
function images(rows) {
  return Float32Array.from({ length: rows * PIXELS }, (_, index) => (index % 255) / 255);
}

/**
 * @param {ort.InferenceSession} session
 * @param {Float32Array} data
 * @param {readonly string[]} outputs
 */
function runRaw(session, data, outputs) {
  const input = new ort.Tensor('float32', data, [data.length / PIXELS, 28, 28, 1]);
  return session.run({ [session.inputNames[0]]: input }, [...outputs]);
}

/**
 * @param {number} times
 * @param {() => Promise<unknown>} act
 */
async function repeat(times, act) {
  for (let count = 0; count < times; count++) await act();
}

/**
 * One request after the other.
 *
 * @param {string} folder
 * @param {number} rows
 */
async function inProcess(folder, rows) {
  const times = rows === 1 ? 100 : 10;
  const data = images(rows);
  const still = await rawSession(folder, false);
  const spinning = await rawSession(folder, true);
  const ensemble = await loadEnsemble(folder);
  const spinningEnsemble = await loadEnsemble(folder, { spinning: true });
  const outputs = outputsOf(ensemble);
  await sideBySide({
    title: `${times} predictions of ${rows} row(s), one after the other`,
    threads,
    packages: ['onnxruntime-node'],
    contenders: [
      {
        name: 'onnxruntime on this thread',
        run: () => repeat(times, () => runRaw(still, data, outputs)),
      },
      {
        name: 'onnxruntime on this thread, spinning',
        run: () => repeat(times, () => runRaw(spinning, data, outputs)),
      },
      { name: 'ensemble-runtime', run: () => repeat(times, () => ensemble.predict(data)) },
      {
        name: 'ensemble-runtime, spinning',
        run: () => repeat(times, () => spinningEnsemble.predict(data)),
      },
    ],
  });
  await Promise.all([
    still.release(),
    spinning.release(),
    ensemble.close(),
    spinningEnsemble.close(),
  ]);
}

/** @param {import('@snapshot-ensemble/ensemble-runtime').Ensemble} ensemble */
function outputsOf({ manifest }) {
  return manifest.outputs.filter(({ role }) => role !== 'members').map(({ name }) => name);
}

/** @param {string} folder */
async function manyAtOnce(folder) {
  const requests = 256;
  const data = images(1);
  const session = await rawSession(folder, false);
  const one = await loadEnsemble(folder);
  const perCore = await loadEnsemble(folder, { workers: threads });
  const outputs = outputsOf(one);
  const all = (/** @type {() => Promise<unknown>} */ act) =>
    Promise.all(Array.from({ length: requests }, act));
  await sideBySide({
    title: `${requests} predictions of 1 row, all at once`,
    threads,
    packages: ['onnxruntime-node'],
    contenders: [
      { name: 'onnxruntime on this thread', run: () => all(() => runRaw(session, data, outputs)) },
      {
        name: `ensemble-runtime, 1 worker × ${threads} threads`,
        run: () => all(() => one.predict(data)),
      },
      {
        name: `ensemble-runtime, ${threads} workers × 1 thread`,
        run: () => all(() => perCore.predict(data)),
      },
    ],
  });
  await Promise.all([session.release(), one.close(), perCore.close()]);
}

/**
 * The longest time that the caller's event loop stood still.
 *
 * @param {string} folder
 */
async function eventLoop(folder) {
  const data = images(512);
  const session = await rawSession(folder, false);
  const ensemble = await loadEnsemble(folder, { batching: { maxRows: 512 } });
  const outputs = outputsOf(ensemble);
  const stall = async (/** @type {() => Promise<unknown>} */ act) => {
    await act();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await repeat(5, act);
    delay.disable();
    return delay.max / 1e6;
  };
  await sideBySide({
    title: 'longest stall of the event loop, 5 predictions of 512 rows',
    threads,
    packages: ['onnxruntime-node'],
    contenders: [
      {
        name: 'onnxruntime on this thread',
        run: () => stall(() => runRaw(session, data, outputs)),
      },
      { name: 'ensemble-runtime', run: () => stall(() => ensemble.predict(data)) },
    ],
  });
  await Promise.all([session.release(), ensemble.close()]);
}

/**
 * What the way over HTTP adds to a prediction of one row, 3 kB of binary data, one request after the other: here and there the model runs in a
 * process of its own.
 *
 * @param {string} folder
 */
async function httpPath(folder) {
  const times = 400;
  const child = fork(fileURLToPath(import.meta.url), ['serve', folder]);
  const [url] = await once(child, 'message');
  const bare = fork(fileURLToPath(import.meta.url), ['bare']);
  const [bareUrl] = await once(bare, 'message');
  const ensemble = await loadEnsemble(folder);
  const data = images(1);
  const [socket, bareSocket] = await Promise.all([url, bareUrl].map(connected));
  const message = binaryRequest(new URL(url).host, ensemble.manifest.inputs[0].name, data);
  const results = await sideBySide({
    title: `${times} predictions of 1 row, one after the other`,
    threads,
    packages: ['onnxruntime-node', 'fastify'],
    contenders: [
      { name: 'in process', run: () => repeat(times, () => ensemble.predict(data)) },
      { name: 'over HTTP', run: () => repeat(times, () => exchange(socket, message)) },
      {
        name: 'as many bytes to and from a bare server of Node, without a model',
        run: () => repeat(times, () => exchange(bareSocket, message)),
      },
    ],
  });
  const [here, there, nothing] = results.map(({ median }) => (median / times) * 1000);
  console.log(
    `in process ${here.toFixed(0)} µs, over HTTP ${there.toFixed(0)} µs: the way adds ${(there - here).toFixed(0)} µs (to reach: 150), of which a bare server takes ${nothing.toFixed(0)}`,
  );
  socket.destroy();
  bareSocket.destroy();
  await ensemble.close();
  for (const each of [child, bare]) {
    each.disconnect();
    await once(each, 'exit');
  }
}

/** @param {string} url */
async function connected(url) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** @param {string} host @param {string} name @param {Float32Array} data */
function binaryRequest(host, name, data) {
  const tensor = { name, datatype: 'FP32', shape: [data.length / PIXELS, 28, 28, 1] };
  const json = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ ...tensor, parameters: { binary_data_size: data.byteLength } }],
    }),
  );
  const head = `POST /v2/models/cnn/infer HTTP/1.1\r\nHost: ${host}\r\nInference-Header-Content-Length: ${json.length}\r\nContent-Length: ${json.length + data.byteLength}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), json, Buffer.from(data.buffer)]);
}

/** Sends a request and waits for the whole answer. @param {import('node:net').Socket} socket @param {Buffer} request */
function exchange(socket, request) {
  return new Promise((resolve, reject) => {
    let came = Buffer.alloc(0);
    const onData = (/** @type {Buffer} */ chunk) => {
      came = Buffer.concat([came, chunk]);
      const end = came.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = came.toString('latin1', 0, end);
      if (came.length < end + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1])) return;
      socket.off('data', onData);
      if (head.startsWith('HTTP/1.1 200')) resolve(undefined);
      else reject(new Error(`the server answered\n${head}`));
    };
    socket.on('data', onData).write(request);
  });
}

/** @param {string} folder */
async function overHttp(folder) {
  const child = fork(fileURLToPath(import.meta.url), ['serve', folder]);
  const [url] = await once(child, 'message');
  const ensemble = await loadEnsemble(folder);
  const [input] = ensemble.manifest.inputs;
  await ensemble.close();
  for (const rows of [1, 16]) {
    const amount = 400;
    const data = images(rows);
    const tensor = { name: input.name, datatype: 'FP32', shape: [rows, 28, 28, 1] };
    const json = Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data: [...data] }] }));
    const head = Buffer.from(
      JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: [{ ...tensor, parameters: { binary_data_size: data.byteLength } }],
      }),
    );
    const binary = Buffer.concat([head, Buffer.from(data.buffer)]);
    const target = new URL('/v2/models/cnn/infer', url);
    const binaryHeaders = { 'Inference-Header-Content-Length': head.length };
    const results = await sideBySide({
      title: `${amount} HTTP requests of ${rows} row(s), 16 connections`,
      threads,
      packages: ['onnxruntime-node', 'fastify'],
      contenders: [
        {
          name: `JSON, ${json.length} bytes`,
          run: () => load(target, { body: json, headers: {}, amount }),
        },
        {
          name: `binary, ${binary.length} bytes`,
          run: () => load(target, { body: binary, headers: binaryHeaders, amount }),
        },
      ],
    });
    for (const { name, median } of results)
      console.log(`${name}: ${Math.round((amount / median) * 1000)} requests a second`);
  }
  child.disconnect();
  await once(child, 'exit');
}

/**
 * Sends `amount` equal requests over 16 connections that are kept open.
 *
 * @param {URL} url
 * @param {{ body: Buffer, headers: Record<string, string | number>, amount: number }} what
 */
async function load(url, { body, headers, amount }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let left = amount;
  const connection = async () => {
    while (left-- > 0) await send(url, { body, headers, agent });
  };
  await Promise.all(Array.from({ length: 16 }, connection));
  agent.destroy();
}

/**
 * @param {URL} url
 * @param {{ body: Buffer, headers: Record<string, string | number>, agent: Agent }} what
 */
async function send(url, { body, headers, agent }) {
  const outgoing = request(url, { method: 'POST', headers, agent }).end(body);
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200)
    throw new Error(`the server answered with ${response.statusCode}`);
}
