// @ts-check
// What a prediction costs on one core, by the form of the ensemble: `npm run build && node benchmarks/planning.mjs [ROUNDS] [SECONDS] [FILE]`,
// in about three minutes. Server on core 0, client on core 1. Writes FILE, by default results/planning.json, of which `node planning-page.mjs`
// makes docs/planning.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { resident } from './resident.mjs';
import { median, sideBySide } from './side-by-side.mjs';

const MEMBERS = 5;
const ROWS = 64;
const PIXELS = 28 * 28;
const SHAPE = [ROWS, 28, 28, 1];
const CONNECTIONS = 32;
const here = fileURLToPath(new URL('.', import.meta.url));
const [rounds = '7', seconds = '3', file = join(here, 'results/planning.json')] =
  process.argv.slice(2);

tf.enableProdMode();
await tf.setBackend('cpu');
const work = mkdtempSync(join(tmpdir(), 'planning-'));

/** @param {number} member */
function cnn(member) {
  const y = [16, 32].map((filters, index) => [
    tf.layers.conv2d({
      filters,
      kernelSize: 3,
      activation: 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed: 10 * member + index }),
      ...(index === 0 && { inputShape: [28, 28, 1], name: 'x' }),
    }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
  ]);
  return tf.sequential({
    layers: [...y.flat(), tf.layers.flatten(), head(member)],
  });
}

/** As little arithmetic as there can be on the same input: what is left is the server. @param {number} member */
function trivial(member) {
  const pooling = { poolSize: /** @type {[number, number]} */ ([28, 28]), name: 'x' };
  return tf.sequential({
    layers: [
      tf.layers.averagePooling2d({ ...pooling, inputShape: [28, 28, 1] }),
      tf.layers.flatten(),
      head(member),
    ],
  });
}

/** @param {number} member */
function head(member) {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 7 + member });
  return tf.layers.dense({ units: 10, activation: 'softmax', name: 'y', kernelInitializer });
}

const all = Array.from({ length: MEMBERS }, (_, member) => member);
const models = all.map(cnn);
const members = await Promise.all(models.map((model) => modelArtifacts(model)));
const rows = Float32Array.from({ length: ROWS * PIXELS }, (_, at) => Math.sin(at * at) / 2 + 0.5);

/**
 * @param {string} name @param {typeof members} artifacts
 * @param {Partial<Parameters<typeof exportEnsemble>[2]>} [options]
 */
async function bundle(name, artifacts, options = {}) {
  const folder = join(work, name);
  const policy = meanPolicy(
    'probabilities',
    artifacts.map((_, index) => index),
  );
  await exportEnsemble(artifacts, bundleDirectory(folder), {
    policy,
    statistics: ['predictive_entropy'],
    ...options,
  });
  return folder;
}

const cascade = { order: all, thresholds: thresholds() };
const policy = { ...meanPolicy('probabilities', all), cascade };
const folders = {
  single: await bundle('single', members.slice(0, 1)),
  fused: await bundle('fused', members, { form: 'fused' }),
  stacked: await bundle('stacked', members, { form: 'stacked' }),
  cascade: await bundle('cascade', members, { form: 'staged', policy, statistics: [] }),
  trivial: await bundle('trivial', [await modelArtifacts(trivial(0))]),
};
const separate = await readBundle(
  bundleDirectory(await bundle('separate', members, { form: 'separate' })),
);
const sessions = [];
for (const { file = '' } of separate.manifest.members)
  sessions.push(
    await ort.InferenceSession.create(await separate.readFile(file), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    }),
  );
const input = separate.manifest.inputs[0]?.name ?? '';

/** @type {Record<string, import('@snapshot-ensemble/ensemble-runtime').Ensemble>} */
const ensembles = {};
for (const form of /** @type {const} */ (['single', 'fused', 'stacked', 'cascade']))
  ensembles[form] = await loadEnsemble(folders[form], { threads: 1, workers: 1 });
/** @param {string} form */
const predict = (form) => () =>
  ensembles[form].predict({ [input]: { data: rows, dims: SHAPE } }, { outputs: ['y'] });
const used = (await predict('cascade')()).membersUsed;
const meanUsed = used.reduce((sum, count) => sum + count, 0) / ROWS;

const measured = await sideBySide({
  title: `${MEMBERS} members of 28 × 28 pixels, ${ROWS} rows, one core`,
  contenders: [
    { name: 'single', run: predict('single') },
    {
      name: 'naive',
      run: async () => {
        for (const session of sessions)
          await session.run({ [input]: new ort.Tensor('float32', rows, SHAPE) });
      },
    },
    { name: 'fused', run: predict('fused') },
    { name: 'stacked', run: predict('stacked') },
    { name: 'cascade', run: predict('cascade') },
  ],
  rounds: 5 * Number(rounds),
  warmup: 3,
  threads: 1,
  packages: ['onnxruntime-node'],
});
await Promise.all(Object.values(ensembles).map((ensemble) => ensemble.close()));

/** @typedef {{ rate: number, p99: number, residentMB: number, sentBytes: number, receivedBytes: number }} Served */

const servedForms = /** @type {const} */ (['single', 'fused', 'stacked', 'cascade', 'trivial']);
/** @type {Record<string, Served[]>} */
const served = Object.fromEntries(servedForms.map((name) => [name, []]));
for (let round = 0; round < Number(rounds); round++)
  for (const name of servedForms) served[name].push(await serveOneRow(folders[name]));

/** @param {string} name */
const medians = (name) =>
  Object.fromEntries(
    Object.keys(served[name][0]).map((key) => [
      key,
      median(served[name].map((each) => each[/** @type {keyof Served} */ (key)])),
    ]),
  );
const asked = { single: 1, cascade: meanUsed };
const result = {
  machine: `${cpus().length} × ${cpus()[0].model.trim()}`,
  node: process.version,
  members: MEMBERS,
  rows: ROWS,
  connections: CONNECTIONS,
  rounds: Number(rounds),
  seconds: Number(seconds),
  inProcess: measured.map(({ name, median: ms, ratio }) => ({
    name,
    milliseconds: ms,
    ofSingle: ratio,
    membersAsked: asked[/** @type {keyof typeof asked} */ (name)] ?? MEMBERS,
  })),
  served: Object.fromEntries(servedForms.map((name) => [name, medians(name)])),
};
writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
console.log(`\n${JSON.stringify(result.served, undefined, 2)}\nwritten: ${file}`);
rmSync(work, { recursive: true });

/** At each stage half of the rows that are left are sure enough to leave. */
function thresholds() {
  const answers = models.map((model) =>
    tf.tidy(() => /** @type {tf.Tensor2D} */ (model.predict(tf.tensor(rows, SHAPE))).arraySync()),
  );
  let left = Array.from({ length: ROWS }, (_, row) => row);
  return all.slice(0, -1).map((stage) => {
    const sure = (/** @type {number} */ row) =>
      Math.max(
        ...Array.from(
          { length: 10 },
          (_, c) =>
            answers.slice(0, stage + 1).reduce((sum, each) => sum + each[row][c], 0) / (stage + 1),
        ),
      );
    const threshold = median(left.map(sure));
    left = left.filter((row) => sure(row) < threshold);
    return Math.min(1, threshold);
  });
}

/** Every row is a request of its own, in turn. @param {string} folder @returns {Promise<Served>} */
async function serveOneRow(folder) {
  const server = onCore(0, 'ours.mjs', folder);
  const [line] = await once(server.stdout, 'data');
  const head = Buffer.from(
    JSON.stringify({
      inputs: [
        {
          name: input,
          datatype: 'FP32',
          shape: [1, 28, 28, 1],
          parameters: { binary_data_size: 4 * PIXELS },
        },
      ],
      outputs: [{ name: 'y', parameters: { binary_data: true } }],
    }),
  );
  const load = {
    url: `${String(line).trim()}/v2/models/peers/infer`,
    bodies: Array.from({ length: ROWS }, (_, row) =>
      Buffer.concat([head, Buffer.from(rows.buffer, 4 * row * PIXELS, 4 * PIXELS)]).toString(
        'base64',
      ),
    ),
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(head.length),
    },
    connections: CONNECTIONS,
    seconds: Number(seconds),
  };
  const client = onCore(1, 'client.mjs');
  client.stdin.end(JSON.stringify(load));
  const { rate, p99, failures, sentBytes, receivedBytes } = JSON.parse(await text(client.stdout));
  if (failures > 0) throw new Error(`${failures} requests failed`);
  const residentMB = resident(Number(server.pid));
  server.stdin.end();
  await once(server, 'exit');
  return { rate, p99, residentMB, sentBytes, receivedBytes };
}

/** @param {number} core @param {string} script @param {...string} args */
function onCore(core, script, ...args) {
  const command = [process.execPath, join(here, 'serving-peers', script), ...args];
  return spawn('taskset', ['-c', String(core), ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
}
