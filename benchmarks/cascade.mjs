// @ts-check
// Whether a cascade is worth it: snapshot ensembles of the demo's network on MNIST, one for each seed; thresholds from validation rows; accuracy
// against all members on MNIST's 10,000 test images, paired; rows a second against the fused graph at the same batch.
// `npm run build && node benchmarks/cascade.mjs [SEEDS]`
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadMembers,
  memberArtifacts,
  snapshotEnsembleCallback,
} from '@snapshot-ensemble/adapter-tfjs';
import { loadMnist } from '@snapshot-ensemble/datasets';
import { readBundle, writeBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { fitPolicy, meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { exportEnsemble, exportOnnx } from '@snapshot-ensemble/export-onnx';
import { createSnapshotStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { withoutGraph } from './runtime-bundles.mjs';
import { sideBySide } from './side-by-side.mjs';
import { networks } from './wasm-training-networks.mjs';

const SEEDS = Number(process.argv[2] ?? 3);
const TRAIN = 6000;
const VALIDATION = 5000;
const EPOCHS = 10;
const CYCLES = 5;
const BATCH = 64;
const PIXELS = 28 * 28;
/** Of the accuracy, in points: a cascade that is worse by no more is not worse. */
const MARGIN = 0.1;

registerTrainingKernels(tf, wasm);
await tf.setBackend('wasm');
const [all, test] = await Promise.all([loadMnist('train'), loadMnist('test')]);
const network = networks[0];
/** Differences in correctness, cascade less whole, over the rows of all seeds. */
const differences = [];
for (let seed = 1; seed <= SEEDS; seed++) await measure(seed);
report();

/** @param {number} seed */
async function measure(seed) {
  const order = shuffled(all.count, seed);
  const rowsOf = (/** @type {number} */ start, /** @type {number} */ count) => {
    const images = new Float32Array(count * PIXELS);
    const labels = new Int32Array(count);
    for (let row = 0; row < count; row++) {
      const from = order[start + row];
      images.set(all.images.subarray(from * PIXELS, (from + 1) * PIXELS), row * PIXELS);
      labels[row] = all.labels[from];
    }
    return { images, labels };
  };
  const train = rowsOf(0, TRAIN);
  const validation = rowsOf(TRAIN, VALIDATION);
  const store = memoryBlobs();
  const model = network.make();
  model.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: 'categoricalCrossentropy' });
  const xs = tf.tensor4d(train.images, [TRAIN, 28, 28, 1]);
  const ys = tf.oneHot(tf.tensor1d(train.labels, 'int32'), 10);
  await model.fit(xs, ys, {
    epochs: EPOCHS,
    batchSize: BATCH,
    verbose: 0,
    callbacks: snapshotEnsembleCallback(tf, { cycles: CYCLES, lrInit: 0.05, store }),
  });
  const members = await loadMembers(tf, store);
  const held = await members.predictMembers(
    tf.tensor4d(validation.images, [VALIDATION, 28, 28, 1]),
  );
  const stacked = /** @type {Float32Array} */ (await held.data());
  const size = VALIDATION * 10;
  const predictions = {
    members: Array.from({ length: CYCLES }, (_, k) => stacked.subarray(k * size, (k + 1) * size)),
    rows: VALIDATION,
    classes: 10,
  };
  const policy = fitPolicy(predictions, validation.labels, {
    kind: 'probabilities',
    temperature: 1,
    cascade: { target: { accuracyLoss: 0 } },
  });
  await compare(seed, store, policy);
}

/** @param {number} seed @param {ReturnType<typeof memoryBlobs>} store @param {any} policy */
async function compare(seed, store, policy) {
  const folder = mkdtempSync(join(tmpdir(), 'cascade-'));
  try {
    const [fused, separate] = ['fused', 'separate'].map((name) => join(folder, name));
    for (const place of [fused, separate]) mkdirSync(place);
    const whole = meanPolicy('probabilities', [0, 1, 2, 3, 4]);
    await exportEnsemble(createSnapshotStore(store), bundleDirectory(fused), { policy: whole });
    await writeSeparate(store, fused, separate, policy);
    const all = await loadEnsemble(fused);
    const cascade = await loadEnsemble(separate);
    const [{ name }] = all.manifest.outputs;
    const outputs = { outputs: [name] };
    const right = (/** @type {any} */ data) =>
      Array.from({ length: test.count }, (_, row) => {
        const own = data.subarray(row * 10, (row + 1) * 10);
        return own.indexOf(Math.max(...own)) === test.labels[row] ? 1 : 0;
      });
    const byAll = right((await all.predict(test.images, outputs)).outputs[name].data);
    const answer = await cascade.predict(test.images, outputs);
    const byCascade = right(answer.outputs[name].data);
    byCascade.forEach((value, row) => differences.push(value - byAll[row]));
    const used = answer.membersUsed.reduce((sum, count) => sum + count, 0) / test.count;
    const share = (/** @type {readonly number[]} */ hits) =>
      ((hits.reduce((sum, hit) => sum + hit, 0) / hits.length) * 100).toFixed(2);
    console.log(
      `seed ${seed}: ${share(byAll)} % with all members, ${share(byCascade)} % in the cascade, ${used.toFixed(2)} members a row`,
    );
    const batches = 40;
    const inBatches = async (/** @type {typeof all} */ ensemble) => {
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
      title: `seed ${seed}: ms a request of ${BATCH} rows, 4 clients`,
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
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {ReturnType<typeof memoryBlobs>} store @param {string} fused @param {string} separate @param {any} policy */
async function writeSeparate(store, fused, separate, policy) {
  const bundle = await readBundle(bundleDirectory(fused));
  const { manifest } = bundle;
  const [prediction] = manifest.outputs;
  const rest = withoutGraph(manifest);
  const file = (/** @type {number} */ index) => `members/00${index}.onnx`;
  const graphs = [];
  for (const { id } of manifest.members) {
    const artifacts = await memberArtifacts(store, id);
    graphs.push(exportOnnx(artifacts).bytes);
  }
  await writeBundle(bundleDirectory(separate), {
    manifest: {
      ...rest,
      form: 'separate',
      outputs: [prediction],
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
    `cascade less whole, ${SEEDS} seeds, ${rows} paired rows: ${(mean * 100).toFixed(3)} points of accuracy (95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}): ${low > -MARGIN ? 'not worse' : 'not shown to be not worse'} by the margin of ${MARGIN}`,
  );
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
