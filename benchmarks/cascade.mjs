// @ts-check
// Whether a cascade is worth it: snapshot ensembles, one for each seed; thresholds from validation rows; accuracy against all members on 10,000 test
// images, paired; rows a second against the fused graph at the same batch.
// `npm run build && node benchmarks/cascade.mjs [SEEDS]` trains the demo's network on MNIST; `node benchmarks/cascade.mjs STORE…` takes snapshot stores
// that ensemble-parity/train.mjs made of Fashion-MNIST, the last five members of each. With --weighted the ensemble is not their mean but what the
// validation rows weigh best.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memberArtifacts, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { loadMnist } from '@snapshot-ensemble/datasets';
import { readBundle, writeBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { fitPolicy, meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { exportEnsemble, exportOnnx } from '@snapshot-ensemble/export-onnx';
import { createSnapshotStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { fashion } from './ensemble-parity/images.mjs';
import { withoutGraph } from './runtime-bundles.mjs';
import { sideBySide } from './side-by-side.mjs';
import { networks } from './wasm-training-networks.mjs';

/** @typedef {{ images: Float32Array, labels: ArrayLike<number>, count: number }} Rows */
/** @typedef {import('@snapshot-ensemble/snapshot-core').SnapshotStore} SnapshotStore */
/** @typedef {import('@snapshot-ensemble/ensemble-math').EnsemblePolicy} EnsemblePolicy */
/** @typedef {import('@snapshot-ensemble/ensemble-runtime').Ensemble} Ensemble */

const TRAIN = 6000;
const VALIDATION = 5000;
const EPOCHS = 10;
const MEMBERS = 5;
const CLASSES = 10;
const BATCH = 64;
const PIXELS = 28 * 28;
/** Of the accuracy, in points: a cascade that is worse by no more is not worse. */
const MARGIN = 0.1;

const isWeighted = process.argv.includes('--weighted');
const given = process.argv.slice(2).filter((argument) => argument !== '--weighted');
/** @type {import('@snapshot-ensemble/ensemble-math').MemberChoice} */
const select = isWeighted ? 'convexWeights' : 'all';
const areStores = given.length > 0 && Number.isNaN(Number(given[0]));
/** Differences in correctness, cascade less whole, over the rows of all seeds. @type {number[]} */
const differences = [];
if (areStores) await takeStores(given);
else await trainMnist(Number(given[0] ?? 3));
report();

/** @param {readonly string[]} folders */
async function takeStores(folders) {
  const { images, labels, rows } = fashion('train');
  // train.mjs takes its rows from the front.
  const start = rows - VALIDATION;
  const validation = {
    images: images.subarray(start * PIXELS),
    labels: labels.subarray(start),
    count: VALIDATION,
  };
  const test = fashion('t10k');
  for (const folder of folders)
    await compare(folder, createSnapshotStore(fileBlobs(folder)), 'logits', validation, {
      ...test,
      count: test.rows,
    });
}

/** @param {number} seeds */
async function trainMnist(seeds) {
  registerTrainingKernels(tf, wasm);
  await tf.setBackend('wasm');
  const [all, test] = await Promise.all([loadMnist('train'), loadMnist('test')]);
  for (let seed = 1; seed <= seeds; seed++) {
    const order = shuffled(all.count, seed);
    const train = pick(all, order.subarray(0, TRAIN));
    const validation = pick(all, order.subarray(TRAIN, TRAIN + VALIDATION));
    const store = createSnapshotStore(memoryBlobs());
    const model = networks[0].make();
    model.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: 'categoricalCrossentropy' });
    const xs = tf.tensor4d(train.images, [TRAIN, 28, 28, 1]);
    const ys = tf.oneHot(tf.tensor1d(Int32Array.from(train.labels), 'int32'), CLASSES);
    await model.fit(xs, ys, {
      epochs: EPOCHS,
      batchSize: BATCH,
      verbose: 0,
      callbacks: snapshotEnsembleCallback(tf, { cycles: MEMBERS, lrInit: 0.05, store }),
    });
    await compare(`seed ${seed}`, store, 'probabilities', validation, test);
  }
}

/**
 * @param {string} title
 * @param {SnapshotStore} store
 * @param {'logits' | 'probabilities'} kind What the members put out.
 * @param {Rows} validation
 * @param {Rows} test
 */
async function compare(title, store, kind, validation, test) {
  const folder = mkdtempSync(join(tmpdir(), 'cascade-'));
  try {
    const [mean, separate, fused, cascaded] = ['mean', 'separate', 'fused', 'cascaded'].map(
      (name) => join(folder, name),
    );
    for (const place of [mean, separate, fused, cascaded]) mkdirSync(place);
    const ids = ((await store.readManifest())?.members ?? []).map(({ id }) => id).slice(-MEMBERS);
    const artifacts = [];
    for (const id of ids) artifacts.push(await memberArtifacts(store, id));
    const equal = meanPolicy(kind, [...ids.keys()]);
    await exportEnsemble(artifacts, bundleDirectory(mean), { policy: equal });
    await writeSeparate(artifacts, mean, separate, equal);
    const predictions = await predictionsOf(separate, validation);
    const fit = (
      /** @type {Partial<import('@snapshot-ensemble/ensemble-math').FitPolicyOptions>} */ more,
    ) => fitPolicy(predictions, validation.labels, { kind, temperature: 1, select, ...more });
    await exportEnsemble(artifacts, bundleDirectory(fused), { policy: fit({}) });
    const policy = fit({ cascade: { target: { accuracyLoss: MARGIN / 100 } } });
    await writeSeparate(artifacts, mean, cascaded, policy);
    console.log(
      `${title}: members ${policy.members.join(' ')}, weights ${policy.weights.map((one) => one.toFixed(2)).join(' ')}, cascade ${JSON.stringify(policy.cascade)}`,
    );
    await race(title, fused, cascaded, test);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What each member says. @param {string} separate @param {Rows} rows */
async function predictionsOf(separate, { images, count }) {
  const ensemble = await loadEnsemble(separate);
  const [output] = Object.values(await ensemble.predictMembers(images));
  await ensemble.close();
  const values = /** @type {Float32Array} */ (output.data);
  const members = Array.from({ length: MEMBERS }, () => new Float32Array(count * CLASSES));
  for (let row = 0; row < count; row++)
    members.forEach((own, member) => {
      const from = (row * MEMBERS + member) * CLASSES;
      own.set(values.subarray(from, from + CLASSES), row * CLASSES);
    });
  return { members, rows: count, classes: CLASSES };
}

/** @param {string} title @param {string} fused @param {string} cascaded @param {Rows} test */
async function race(title, fused, cascaded, test) {
  const all = await loadEnsemble(fused);
  const cascade = await loadEnsemble(cascaded);
  const [{ name }] = all.manifest.outputs;
  const outputs = { outputs: [name] };
  const right = (/** @type {any} */ data) =>
    Array.from({ length: test.count }, (_, row) => {
      const own = data.subarray(row * CLASSES, (row + 1) * CLASSES);
      return own.indexOf(Math.max(...own)) === test.labels[row] ? 1 : 0;
    });
  const byAll = right((await all.predict(test.images, outputs)).outputs[name].data);
  const answer = await cascade.predict(test.images, outputs);
  const byCascade = right(answer.outputs[name].data);
  byCascade.forEach((value, row) => differences.push(value - byAll[row]));
  const first = await cascade.predict(test.images, { ...outputs, maxMembers: 1 });
  const used = answer.membersUsed.reduce((sum, count) => sum + count, 0) / test.count;
  const share = (/** @type {readonly number[]} */ hits) =>
    ((hits.reduce((sum, hit) => sum + hit, 0) / hits.length) * 100).toFixed(2);
  console.log(
    `${title}: ${share(byAll)} % with all members, ${share(byCascade)} % in the cascade, ${used.toFixed(2)} members a row; ${share(right(first.outputs[name].data))} % with its first member alone`,
  );
  const batches = 40;
  const inBatches = async (/** @type {Ensemble} */ ensemble) => {
    let next = 0;
    const client = async () => {
      while (next < batches) {
        const start = next++ * BATCH * PIXELS;
        await ensemble.predict(test.images.subarray(start, start + BATCH * PIXELS), outputs);
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: 4 }, client));
    return (performance.now() - start) / batches;
  };
  const [one, other] = await sideBySide({
    title: `${title}: ms a request of ${BATCH} rows, 4 clients`,
    packages: ['onnxruntime-node'],
    rounds: 7,
    contenders: [
      { name: 'fused graph, all members', run: () => inBatches(all) },
      { name: 'cascade of separate graphs', run: () => inBatches(cascade) },
    ],
  });
  console.log(
    `${(1 / other.ratio).toFixed(2)} × the rows a second (95 % interval ${(1 / other.high).toFixed(2)} to ${(1 / other.low).toFixed(2)}); ${one.median.toFixed(2)} against ${other.median.toFixed(2)} ms`,
  );
  await Promise.all([all.close(), cascade.close()]);
}

/**
 * @param {readonly any[]} artifacts
 * @param {string} fused Whose manifest it takes over.
 * @param {string} separate
 * @param {EnsemblePolicy} policy
 */
async function writeSeparate(artifacts, fused, separate, policy) {
  const bundle = await readBundle(bundleDirectory(fused));
  const { manifest } = bundle;
  await bundle.close();
  const [prediction] = manifest.outputs;
  const file = (/** @type {number} */ index) => `members/00${index}.onnx`;
  const graphs = artifacts.map((one) => exportOnnx(one).bytes);
  await writeBundle(bundleDirectory(separate), {
    manifest: {
      ...withoutGraph(manifest),
      form: 'separate',
      outputs: [
        prediction,
        {
          ...prediction,
          name: `${prediction.name}.members`,
          shape: [null, MEMBERS, CLASSES],
          role: 'members',
          of: prediction.name,
        },
      ],
      members: manifest.members.map((member, index) => ({ ...member, file: file(index) })),
      policy: { [prediction.name]: policy },
    },
    files: Object.fromEntries(graphs.map((bytes, index) => [file(index), bytes])),
  });
}

function report() {
  const rows = differences.length;
  const mean = differences.reduce((sum, one) => sum + one, 0) / rows;
  const variance = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (rows - 1);
  const half = 1.96 * Math.sqrt(variance / rows);
  const [low, high] = [mean - half, mean + half].map((one) => one * 100);
  console.log(
    `cascade less whole, ${rows} paired rows: ${(mean * 100).toFixed(3)} points of accuracy (95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}): ${low > -MARGIN ? 'not worse' : 'not shown to be not worse'} by the margin of ${MARGIN}`,
  );
}

/** @param {Rows} all @param {Uint32Array} places @returns {Rows} */
function pick(all, places) {
  const images = new Float32Array(places.length * PIXELS);
  const labels = new Int32Array(places.length);
  places.forEach((from, row) => {
    images.set(all.images.subarray(from * PIXELS, (from + 1) * PIXELS), row * PIXELS);
    labels[row] = all.labels[from];
  });
  return { images, labels, count: places.length };
}

/** Indices in an order that the seed decides. @param {number} count @param {number} seed */
function shuffled(count, seed) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let state = seed;
  for (let index = count - 1; index > 0; index--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (index + 1));
    [order[index], order[other]] = [order[other], order[index]];
  }
  return order;
}
