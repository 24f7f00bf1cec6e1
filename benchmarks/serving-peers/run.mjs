// @ts-check
// Our server and its peers on one ONNX file: `npm run build && node benchmarks/serving-peers/run.mjs [ROUNDS] [SECONDS] [NAME …]`.
// One onnxruntime thread each, 8 connections, servers on core 0 and the client on core 1 (or on `SERVER_CORES` and `CLIENT_CORES`, as taskset
// lists them), the servers in turn in every round.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { median } from '../side-by-side.mjs';
import { writePeersBundle } from './bundle.mjs';
import { servers } from './servers.mjs';

const CONNECTIONS = 8;
const [rounds = '5', seconds = '3', ...names] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'serving-peers-'));
const folder = join(work, 'bundle');
await writePeersBundle(folder);
const bundle = await readBundle(bundleDirectory(folder));
const input = bundle.manifest.inputs[0].name;
const graph = join(work, 'ensemble.onnx');
writeFileSync(graph, await bundle.readGraph());
const outputs = bundle.manifest.outputs.filter(({ role }) => role !== 'members');

/** @type {{ name: string, form: 'binary' | 'JSON', rows: number, url: string, results: { rate: number, p50: number, p99: number }[] }[]} */
const cases = [];
const stops = [];
for (const [name, { forms, start }] of Object.entries(servers)) {
  if (names.length > 0 && !names.some((wanted) => name.startsWith(wanted))) continue;
  const { url, stop } = await start({ graph, folder, work, input, outputs });
  stops.push(stop);
  for (const form of forms)
    for (const rows of [1, 8]) cases.push({ name, form, rows, url, results: [] });
}
// The first round is not counted: until it has answered some thousands of requests, a server's code is interpreted.
for (let round = -1; round < Number(rounds); round++)
  for (const each of round % 2 === 0 ? cases : [...cases].reverse()) {
    const result = await measure(each);
    if (round >= 0) each.results.push(result);
  }

console.log(
  `\n| server | form | rows | requests a second | p50 ms | p99 ms | of ours in that form |\n|---|---|---|---|---|---|---|`,
);
for (const { name, form, rows, results } of cases) {
  const ours = cases.find(
    (each) => each.name === 'ours' && each.form === form && each.rows === rows,
  );
  const ratio =
    ours === undefined
      ? NaN
      : median(results.map(({ rate }, round) => rate / ours.results[round].rate));
  const of = (/** @type {'rate' | 'p50' | 'p99'} */ key) =>
    median(results.map((result) => result[key]));
  console.log(
    `| ${name} | ${form} | ${rows} | ${of('rate').toFixed(0)} | ${of('p50').toFixed(2)} | ${of('p99').toFixed(2)} | ${ratio.toFixed(2)} |`,
  );
}
await Promise.all(stops.map((stop) => stop()));
rmSync(work, { recursive: true });

/** @param {(typeof cases)[number]} which */
async function measure({ url, form, rows, name }) {
  const { body, headers } = requestOf(form, rows);
  const client = spawn(
    'taskset',
    [
      '-c',
      process.env['CLIENT_CORES'] ?? '1',
      process.execPath,
      fileURLToPath(new URL('client.mjs', import.meta.url)),
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const load = {
    url,
    bodies: [body.toString('base64')],
    headers,
    connections: CONNECTIONS,
    seconds: Number(seconds),
  };
  client.stdin.end(JSON.stringify(load));
  const measured = JSON.parse(await text(client.stdout));
  if (measured.failures > 0)
    throw new Error(`${name} refused ${measured.failures} requests (${form}, ${rows} rows)`);
  return measured;
}

/** @param {'binary' | 'JSON'} form @param {number} rows */
function requestOf(form, rows) {
  // Pixels of 8 bits, scaled to [0, 1], as most clients send them.
  const pixels = Array.from({ length: rows * 784 }, (_, index) => ((index * 7919) % 256) / 255);
  const tensor = { name: input, datatype: 'FP32', shape: [rows, 28, 28, 1] };
  if (form === 'JSON')
    return {
      body: Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data: pixels }] })),
      headers: { 'Content-Type': 'application/json' },
    };
  const data = Float32Array.from(pixels);
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ ...tensor, parameters: { binary_data_size: data.byteLength } }],
    }),
  );
  return {
    body: Buffer.concat([head, Buffer.from(data.buffer)]),
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(head.length),
    },
  };
}
