// @ts-check
// Ten times as many requests as the server can answer, for a minute: `npm run build && node benchmarks/under-fire.mjs [SECONDS]`.
// Five ResNet-20 in one bundle. The server runs on core 0, the clients on core 1; requests are sent by the clock, whatever is answered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { resident } from './resident.mjs';
import { median } from './side-by-side.mjs';

const ROWS = 1;
const PIXELS = 32 * 32 * 3;
const COMMAND = new URL('../packages/cli/dist/main.js', import.meta.url);
const [word, ...more] = process.argv.slice(2);
if (word === 'clients')
  await attack(Number(more[0]), more[1], JSON.parse(more[2]), Number(more[3]));
else await orchestrate(Number(word ?? 60));

/** @param {number} seconds */
async function orchestrate(seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'under-fire-'));
  const input = await writeBundle(folder);
  // As the README of the server says it is started where it shares its cores with the batches.
  const words = `serve m=${folder} --port 0 --threads 1 --workers 1 --json`.split(' ');
  const server = onCore(0, '--single-threaded-gc', fileURLToPath(COMMAND), ...words);
  const [line] = await once(server.stdout, 'data');
  const clients = onCore(
    1,
    fileURLToPath(import.meta.url),
    'clients',
    String(seconds),
    JSON.parse(line).url,
    JSON.stringify(input),
    String(server.pid),
  );
  clients.stdout.pipe(process.stdout);
  await once(clients, 'exit');
  server.kill('SIGINT');
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
}

/** @param {number} core @param {...string} args */
function onCore(core, ...args) {
  return spawn('taskset', ['-c', String(core), process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** @param {string} folder @returns {Promise<string>} the input's name */
async function writeBundle(folder) {
  const [
    tf,
    { modelArtifacts },
    { readBundle },
    { bundleDirectory },
    { meanPolicy },
    { exportEnsemble },
    { networks },
  ] = await Promise.all([
    import('@tensorflow/tfjs'),
    import('@snapshot-ensemble/adapter-tfjs'),
    import('@snapshot-ensemble/ensemble-bundle'),
    import('@snapshot-ensemble/ensemble-bundle/node'),
    import('@snapshot-ensemble/ensemble-math'),
    import('@snapshot-ensemble/export-onnx'),
    import('./wasm-training-networks.mjs'),
  ]);
  await tf.ready();
  const { make } = networks.find(({ name }) => name === 'resnet20');
  // One model, since members of an ensemble share the names of their layers; each a little different.
  const model = make();
  const members = [];
  for (let member = 0; member < 5; member++) {
    members.push(await modelArtifacts(model));
    model.setWeights(model.getWeights().map((weight) => weight.mul(1.01)));
  }
  const bundle = bundleDirectory(folder);
  await exportEnsemble(members, bundle, { policy: meanPolicy('probabilities', [0, 1, 2, 3, 4]) });
  return (await readBundle(bundle)).manifest.inputs[0].name;
}

/**
 * @typedef {{ offered: number, skipped: number, good: number[], refused: number[], other: Record<string, number>, seconds: number }} Fire
 */

/**
 * @param {number} seconds
 * @param {string} url
 * @param {string} input
 * @param {number} serverPid
 */
async function attack(seconds, url, input, serverPid) {
  const post = requestOf(url, input);
  const idle = resident(serverPid);
  // Every rate for a few seconds; the most that was answered at any of them is the capacity.
  let capacity = 0;
  for (let rate = 4; rate < 4000; rate *= 1.5) {
    const { good } = await fire(url, post, { rate, seconds: 3, connections: 64 });
    const reached = good.length / 3;
    console.log(`sweep: ${rate.toFixed(0)} a second sent, ${reached.toFixed(1)} answered`);
    if (reached <= capacity * 1.02) break;
    capacity = Math.max(capacity, reached);
  }
  /** @type {number[]} */
  const live = [];
  /** @type {number[]} */
  const sizes = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const start = performance.now();
      const response = await fetch(`${url}/v2/health/live`);
      await response.arrayBuffer();
      live.push(performance.now() - start);
      sizes.push(resident(serverPid));
      await wait(100);
    }
  })();
  const counted = await counters(url);
  const under = await fire(url, post, { rate: 10 * capacity, seconds, connections: 512 });
  const ended = performance.now();
  let recovery = NaN;
  while (performance.now() - ended < 10_000) {
    const { good } = await fire(url, post, { rate: 1, seconds: 0.001, connections: 1 });
    if (good.length === 1 && good[0] < 1000 / capacity + 200) {
      recovery = performance.now() - ended;
      break;
    }
  }
  isOver = true;
  await watching;
  const counts = await counters(url);
  const goodput = under.good.length / seconds;
  const line = (
    /** @type {string} */ what,
    /** @type {string} */ value,
    /** @type {string} */ wanted,
  ) => console.log(`| ${what} | ${value} | ${wanted} |`);
  console.log(
    `\n| ${seconds} s at 10 × capacity, ${ROWS} row a request | measured | to hold |\n|---|---|---|`,
  );
  line('capacity', `${capacity.toFixed(1)} a second`, '');
  line('sent', `${under.offered} (${under.skipped} not, for want of a free connection)`, '');
  line('goodput / capacity', (goodput / capacity).toFixed(3), '≥ 0.9');
  line(
    'refused, p50 / p99',
    `${at(under.refused, 0.5).toFixed(1)} / ${at(under.refused, 0.99).toFixed(1)} ms`,
    'p99 ≤ 20 ms',
  );
  line(
    'answered, p50 / p99',
    `${at(under.good, 0.5).toFixed(0)} / ${at(under.good, 0.99).toFixed(0)} ms`,
    '',
  );
  line('neither 200 nor 503', JSON.stringify(under.other), 'none');
  line(
    'memory idle / most',
    `${idle.toFixed(0)} / ${Math.max(...sizes).toFixed(0)} MB`,
    'most ≤ idle + 256 MB',
  );
  line(
    'live p50 / p99',
    `${median(live).toFixed(1)} / ${at(live, 0.99).toFixed(1)} ms`,
    'p99 ≤ 100 ms',
  );
  line('recovery', `${recovery.toFixed(0)} ms`, '≤ 1,000 ms');
  line(
    '200 counted by /metrics − by clients',
    String(counts.ok - counted.ok - under.good.length),
    'only those after the fire',
  );
}

/** @param {readonly number[]} values @param {number} share */
function at(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** @param {string} url @param {string} input */
function requestOf(url, input) {
  const data = Float32Array.from({ length: ROWS * PIXELS }, (_, index) => (index % 255) / 255);
  const json = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [
        {
          name: input,
          datatype: 'FP32',
          shape: [ROWS, 32, 32, 3],
          parameters: { binary_data_size: data.byteLength },
        },
      ],
    }),
  );
  const head = `POST /v2/models/m/infer HTTP/1.1\r\nHost: ${new URL(url).host}\r\nInference-Header-Content-Length: ${json.length}\r\nContent-Length: ${json.length + data.byteLength}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), json, Buffer.from(data.buffer)]);
}

/**
 * Sends by the clock over connections that are kept, each opened when no other is free; waits for the answers at its end.
 *
 * @param {string} url
 * @param {Buffer} request
 * @param {{ rate: number, seconds: number, connections: number }} how
 * @returns {Promise<Fire>}
 */
async function fire(url, request, { rate, seconds, connections }) {
  const { hostname, port } = new URL(url);
  /** @type {Fire} */
  const result = { offered: 0, skipped: 0, good: [], refused: [], other: {}, seconds };
  // A connection that is open and unused is ended by the server, as one whose head comes too slowly.
  /** @type {ReturnType<typeof open>[]} */
  const sockets = [];
  /** @type {ReturnType<typeof open>[]} */
  const free = [];
  const another = () => {
    if (sockets.length === connections) return undefined;
    const socket = open(hostname, Number(port), result);
    socket.onFree = () => free.push(socket);
    sockets.push(socket);
    return socket;
  };
  const start = performance.now();
  const total = Math.max(1, Math.round(rate * seconds));
  while (result.offered + result.skipped < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) / 1000) * rate) || 1);
    while (result.offered + result.skipped < due) {
      const socket = free.pop() ?? another();
      if (socket === undefined) result.skipped++;
      else {
        result.offered++;
        socket.send(request);
      }
    }
    await wait(1);
  }
  while (free.length < sockets.length) await wait(1);
  for (const socket of sockets) socket.close();
  return result;
}

/** @param {string} host @param {number} port @param {Fire} result */
function open(host, port, result) {
  const socket = connect(port, host).setNoDelay(true);
  let sent = 0;
  let came = Buffer.alloc(0);
  const connection = {
    onFree: () => {},
    /** @param {Buffer} request */
    send(request) {
      sent = performance.now();
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
  socket.on('error', ({ message }) => (result.other[message] = (result.other[message] ?? 0) + 1));
  socket.on('data', (data) => {
    came = Buffer.concat([came, data]);
    const end = came.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = came.toString('latin1', 0, end);
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1]);
    if (came.length < end + 4 + length) return;
    const elapsed = performance.now() - sent;
    const status = head.slice(9, 12);
    if (status === '200') result.good.push(elapsed);
    else if (status === '503') result.refused.push(elapsed);
    else result.other[status] = (result.other[status] ?? 0) + 1;
    came = Buffer.alloc(0);
    connection.onFree();
  });
  return connection;
}

/** @param {string} url */
async function counters(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return { ok: Number(/^nv_inference_request_success\{.*\} (\d+)$/m.exec(text)?.[1]) };
}
