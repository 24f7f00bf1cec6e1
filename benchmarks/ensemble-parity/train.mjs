// @ts-check
// `node benchmarks/ensemble-parity/train.mjs cnn|resnet20 FOLDER [SEED] [CYCLES]`: five snapshots, or CYCLES, of one training run on Fashion-MNIST, into a
// snapshot store.
import { snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { fashion, SIDE } from './images.mjs';
import { CLASSES, netOf } from './net.mjs';

/** Enough for members that are right as often as such nets are, and unlike each other. */
const recipes = {
  cnn: { rows: 20_000, epochsOfCycle: 2, peak: 0.05 },
  resnet20: { rows: 10_000, epochsOfCycle: 1, peak: 0.2 },
};

const [name = '', folder = '', seed = '1', count = '5'] = process.argv.slice(2);
const recipe = recipes[/** @type {keyof typeof recipes} */ (name)];
if (recipe === undefined || folder === '')
  throw new Error(
    'Usage: node benchmarks/ensemble-parity/train.mjs cnn|resnet20 FOLDER [SEED] [CYCLES]',
  );
const cycles = Number(count);
const epochs = recipe.epochsOfCycle * cycles;

tf.enableProdMode();
registerTrainingKernels(tf, wasm);
await tf.setBackend('wasm');
const { images, labels, rows } = fashion('train', recipe.rows);
const model = netOf(tf, name, Number(seed));
model.compile({
  optimizer: tf.train.momentum(recipe.peak, 0.9),
  loss: (wanted, logits) => tf.losses.softmaxCrossEntropy(wanted, logits),
});
const start = Date.now();
await model.fit(
  tf.tensor4d(images, [rows, SIDE, SIDE, 1]),
  tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES).toFloat(),
  {
    epochs,
    batchSize: 64,
    verbose: 0,
    callbacks: snapshotEnsembleCallback(tf, {
      cycles,
      lrInit: recipe.peak,
      store: createSnapshotStore(fileBlobs(folder)),
      verbose: 1,
    }),
  },
);
console.log(`${name}: ${epochs} epochs of ${rows} rows in ${(Date.now() - start) / 1000} s`);
