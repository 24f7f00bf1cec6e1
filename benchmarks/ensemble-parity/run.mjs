// @ts-check
// `node benchmarks/ensemble-parity/run.mjs cnn|resnet20 FOLDER [--rows 10000] [--rounds 9] [--processor]`: every form and precision of the ensemble in a store
// (see train.mjs) against its members in tfjs, combined by ensemble-math, on the test images of Fashion-MNIST. Every image of another class is listed.
// `--processor` gives processor time of one thread, which other programs on the machine change little.
import { parseArgs } from 'node:util';
import { tfjsTrainer } from '@snapshot-ensemble/adapter-tfjs';
import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { ensembleAnswers, exportEnsemble } from '@snapshot-ensemble/export-onnx';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import * as ort from 'onnxruntime-node';
import { processorTime, sideBySide } from '../side-by-side.mjs';
import { fashion, imagesOf, SIDE } from './images.mjs';
import { CLASSES, netOf } from './net.mjs';

/** @typedef {import('@snapshot-ensemble/export-onnx').HostTensors} HostTensors */
/** @typedef {import('@snapshot-ensemble/ensemble-bundle').BundleManifest} BundleManifest */
/** @typedef {{ name: string, bytes: number, predict: (inputs: HostTensors) => Promise<HostTensors>, close: () => Promise<unknown> }} Runner */

const BATCH = 64;
const TFJS_BATCH = 500;
const CALIBRATION_ROWS = 512;
const TOLERANCE = 1e-5;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '9' },
    processor: { type: 'boolean', default: false },
  },
});
const [title = '', folder = ''] = positionals;
const test = fashion('t10k', Number(flags.rows));
const { rows } = test;
const threads = flags.processor ? { intraOpNumThreads: 1 } : {};
const calibration = fashion('train', CALIBRATION_ROWS);

tf.enableProdMode();
await tf.setBackend('wasm');
const store = createSnapshotStore(fileBlobs(folder));
const ids = ((await store.readManifest())?.members ?? []).map(({ id }) => id);
const policy = meanPolicy(
  'logits',
  ids.map((_, index) => index),
);
const { input, output, answers } = await membersInTfjs();

const float32 = { precision: /** @type {const} */ ('float32') };
const calibrated = {
  precision: {
    kind: /** @type {const} */ ('int8-static'),
    ort,
    rows: [{ [input]: tensorOf(calibration.images, CALIBRATION_ROWS) }],
  },
};
/** @type {readonly (readonly [string, Partial<import('@snapshot-ensemble/export-onnx').ExportEnsembleOptions>])[]} */
const ways = [
  ['fused', { form: 'fused', ...float32 }],
  ['stacked', { form: 'stacked', ...float32 }],
  ['staged', { form: 'staged', ...float32 }],
  ['separate', { form: 'separate', ...float32 }],
  ['fused float16', { form: 'fused', precision: 'float16' }],
  ['fused int8-dynamic', { form: 'fused', precision: 'int8-dynamic' }],
  ['fused int8-static', { form: 'fused', ...calibrated }],
  ['stacked int8-static', { form: 'stacked', ...calibrated }],
];

/** @type {Runner[]} */
const runners = [];
for (const [name, options] of ways) runners.push(await runnerOf(name, options));

const reference = ensembleAnswers(
  { outputs: [prediction()], policy: { [output]: policy } },
  answers.map((data) => ({ [output]: { data, shape: [rows, CLASSES] } })),
)[output];
if (reference === undefined) throw new Error('no reference');
const want = /** @type {Float32Array} */ (reference.data);
const decided = choices(want);

const batch = { [input]: tensorOf(imagesOf(test, 0, BATCH), BATCH) };
const timed = await sideBySide({
  title: `${title}, ${ids.length} members, batch ${BATCH}${flags.processor ? ', processor time of one thread' : ''}`,
  contenders: runners.map(({ name, predict }) => {
    const run = () => predict(batch);
    return { name, run: flags.processor ? processorTime(run) : run };
  }),
  rounds: Number(flags.rounds),
  packages: ['onnxruntime-node', '@tensorflow/tfjs'],
});

console.log(
  `\n${title}: ${rows} test images, against tfjs and ensemble-math; accuracy of that ${percent(accuracy(decided))}, of its members ${answers.map((each) => percent(accuracy(choices(each)))).join(', ')}\n`,
);
/** @type {string[][]} */
const table = [
  [
    'form',
    'size of fused',
    'time of fused',
    'largest difference',
    'same class',
    `others, margin ≤ ${TOLERANCE}`,
    'others, above',
    'accuracy',
  ],
];
/** @type {string[]} */
const listed = [];
for (const [at, runner] of runners.entries()) {
  const came = await predictAll(runner);
  const classes = choices(came);
  const changed = [...classes.keys()].filter((row) => classes[row] !== decided[row]);
  const above = changed.filter((row) => marginOf(row) > TOLERANCE);
  if (changed.length > 0)
    listed.push(
      `${runner.name}, ${changed.length}: ${changed.map((row) => `${row} (${decided[row]} → ${classes[row]}, ${marginOf(row).toExponential(1)})`).join('; ')}`,
    );
  table.push([
    runner.name,
    (runner.bytes / (runners[0]?.bytes ?? 1)).toFixed(3),
    `${timed[at]?.ratio.toFixed(2)} (${timed[at]?.low.toFixed(2)} to ${timed[at]?.high.toFixed(2)})`,
    largest(came).toExponential(1),
    percent(1 - changed.length / rows),
    String(changed.length - above.length),
    String(above.length),
    percent(accuracy(classes)),
  ]);
  await runner.close();
}
const [header = [], ...lines] = table;
for (const cells of [header, header.map(() => '---'), ...lines])
  console.log(`| ${cells.join(' | ')} |`);
if (listed.length > 0)
  console.log(`\nOther classes: image (class → class here, margin)\n\n${listed.join('\n\n')}`);

/** What each member answers in tfjs, and the names of the graph's input and output. */
async function membersInTfjs() {
  const model = netOf(tf, title);
  /** @type {Float32Array[]} */
  const all = [];
  for (const id of ids) {
    await tfjsTrainer(tf, model, tf.train.sgd(0)).writeWeights(store.readMember(id));
    const own = new Float32Array(rows * CLASSES);
    for (let start = 0; start < rows; start += TFJS_BATCH) {
      const end = Math.min(start + TFJS_BATCH, rows);
      const x = tf.tensor4d(imagesOf(test, start, end), [end - start, SIDE, SIDE, 1]);
      const y = /** @type {tf.Tensor} */ (model.predict(x));
      own.set(/** @type {Float32Array} */ (await y.data()), start * CLASSES);
      tf.dispose([x, y]);
    }
    all.push(own);
  }
  const probe = memoryBundle();
  const { manifest } = await exportEnsemble(store, probe, { policy });
  return {
    input: manifest.inputs[0]?.name ?? '',
    output: manifest.outputs[0]?.name ?? '',
    answers: all,
  };
}

/** @returns {BundleManifest['outputs'][number]} */
function prediction() {
  return { name: output, dtype: 'float32', shape: [null, CLASSES], role: 'prediction', of: output };
}

/**
 * @param {string} name
 * @param {Partial<import('@snapshot-ensemble/export-onnx').ExportEnsembleOptions>} options
 * @returns {Promise<Runner>}
 */
async function runnerOf(name, options) {
  const bundle = memoryBundle();
  const { manifest } = await exportEnsemble(store, bundle, { policy, statistics: [], ...options });
  const graphs = [...bundle.files].filter(([path]) => path.endsWith('.onnx'));
  /** @type {Map<string, ort.InferenceSession>} */
  const sessions = new Map();
  for (const [path, bytes] of graphs)
    sessions.set(path, await ort.InferenceSession.create(bytes, threads));
  const run = async (/** @type {string} */ path, /** @type {HostTensors} */ feeds) => {
    const session = sessions.get(path);
    if (session === undefined) throw new Error(path);
    const tensors = Object.entries(feeds).map(([key, { data, shape }]) => [
      key,
      new ort.Tensor('float32', /** @type {Float32Array} */ (data), shape),
    ]);
    const answer = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(answer).map(([key, { data, dims }]) => [
        key,
        { data: /** @type {Float32Array} */ (data), shape: dims },
      ]),
    );
  };
  return {
    name,
    bytes: graphs.reduce((sum, [, bytes]) => sum + bytes.length, 0),
    predict: (inputs) => predictWith(manifest, run, inputs),
    close: () => Promise.all([...sessions.values()].map((session) => session.release())),
  };
}

/**
 * @param {BundleManifest} manifest
 * @param {(path: string, feeds: HostTensors) => Promise<HostTensors>} run
 * @param {HostTensors} inputs
 * @returns {Promise<HostTensors>}
 */
async function predictWith(
  { graph, stages = [], members, outputs, policy: policies },
  run,
  inputs,
) {
  if (graph !== undefined) return run(graph, inputs);
  if (stages.length === 0) {
    const each = [];
    for (const { file = '' } of members) each.push(await run(file, inputs));
    return ensembleAnswers({ outputs, policy: policies }, each);
  }
  /** @type {HostTensors} */
  let answer = {};
  for (const { file, state } of stages) {
    const taken = state.map(({ name }) => [name, answer[name]]);
    answer = await run(file, { ...inputs, ...Object.fromEntries(taken) });
  }
  return answer;
}

/** @param {Runner} runner */
async function predictAll({ predict }) {
  const all = new Float32Array(rows * CLASSES);
  for (let start = 0; start < rows; start += BATCH) {
    const end = Math.min(start + BATCH, rows);
    const answer = await predict({ [input]: tensorOf(imagesOf(test, start, end), end - start) });
    all.set(/** @type {Float32Array} */ (answer[output]?.data), start * CLASSES);
  }
  return all;
}

/** @param {Float32Array} data @param {number} count */
function tensorOf(data, count) {
  return { data, shape: [count, SIDE, SIDE, 1] };
}

/** @param {Float32Array} values */
function choices(values) {
  return Uint8Array.from({ length: values.length / CLASSES }, (_, row) => {
    const own = values.subarray(row * CLASSES, (row + 1) * CLASSES);
    return own.indexOf(Math.max(...own));
  });
}

/** How far the largest probability is above the next. @param {number} row */
function marginOf(row) {
  const [first = 0, second = 0] = [...want.subarray(row * CLASSES, (row + 1) * CLASSES)].sort(
    (a, b) => b - a,
  );
  return first - second;
}

/** @param {Float32Array} came */
function largest(came) {
  return came.reduce((most, value, at) => Math.max(most, Math.abs(value - (want[at] ?? 0))), 0);
}

/** @param {Uint8Array} classes */
function accuracy(classes) {
  return classes.filter((value, row) => value === test.labels[row]).length / rows;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}
