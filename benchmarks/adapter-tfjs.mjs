// @ts-check
// What snapshotEnsembleCallback costs: the same fit without a callback, with a callback that does nothing (what tfjs itself charges
// for having one), with the schedule alone, and with members kept in memory and in files; beside them the same members written to
// files with no training at all. CLOCK=cpu counts processor time instead of wall time: for a shared machine.
// `npm run build && node benchmarks/adapter-tfjs.mjs`
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { createSnapshotStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { sideBySide } from './side-by-side.mjs';
import { networks } from './wasm-training-networks.mjs';

registerTrainingKernels(tf, wasm);
const countsProcessor = process.env.CLOCK === 'cpu';
await tf.setBackend('wasm');
const ROWS = 768;
const EPOCHS = 4;
const CYCLES = 4;
const xs = tf.randomNormal([ROWS, 28, 28, 1], 0, 1, 'float32', 1);
const ys = tf.oneHot(tf.range(0, ROWS, 1, 'int32').mod(10).toInt(), 10);
/** The convolutional network of wasm-training.mjs. */
const cnn = networks[0];
const folder = mkdtempSync(join(tmpdir(), 'adapter-tfjs-'));

/** @returns {tf.CustomCallback} */
function nothing() {
  return new tf.CustomCallback({ onBatchBegin: async () => {}, onBatchEnd: async () => {} });
}

/** @param {Parameters<typeof snapshotEnsembleCallback>[1] | 'nothing'} [options] */
async function fit(options) {
  const model = cnn.make();
  const optimizer = tf.train.momentum(0.01, 0.9);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const callbacks = options && {
    callbacks: options === 'nothing' ? nothing() : snapshotEnsembleCallback(tf, options),
  };
  const start = now();
  await model.fit(xs, ys, { epochs: EPOCHS, batchSize: 64, verbose: 0, ...callbacks });
  const elapsed = now() - start;
  model.dispose();
  optimizer.dispose();
  return elapsed;
}

/** Milliseconds of the clock that counts. */
function now() {
  if (!countsProcessor) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The members' bytes alone: what a fit writes, without the fit. */
async function writeMembers() {
  const shapes = [[3, 3, 1, 16], [16], [3, 3, 16, 32], [32], [1568, 10], [10]];
  const weights = shapes.map((shape, index) => ({
    name: `w${index}`,
    dtype: /** @type {const} */ ('float32'),
    shape,
    data: new Float32Array(tf.util.sizeFromShape(shape)).fill(index),
  }));
  const start = now();
  const store = createSnapshotStore(fileBlobs(folder));
  const cycles = Array.from({ length: CYCLES }, (_, index) => ({
    index,
    start: index,
    end: index + 1,
  }));
  const plan = { totalSteps: CYCLES, cycles };
  const run = await store.begin(
    { model: { format: 'test', topology: null, weights }, plan, schedule: [] },
    { existing: 'overwrite' },
  );
  for (const { index, end } of cycles)
    await run.save({ cycle: index, step: end, learningRate: 0 }, each(weights));
  await run.end();
  return now() - start;
}

/** @template T @param {readonly T[]} values */
async function* each(values) {
  yield* values;
}

try {
  const steps = (ROWS / 64) * EPOCHS;
  await sideBySide({
    title: `model.fit of a small CNN on wasm (${countsProcessor ? 'processor' : 'wall'} time), ${steps} steps of 64 images, ${CYCLES} members of 82 kB`,
    rounds: 31,
    threads: 1,
    packages: ['@tensorflow/tfjs'],
    contenders: [
      { name: 'no callback', run: () => fit() },
      { name: 'no callback, again', run: () => fit() },
      { name: 'callback that does nothing', run: () => fit('nothing') },
      { name: 'schedule alone', run: () => fit({ cycles: CYCLES, ensemble: false }) },
      { name: 'members in memory', run: () => fit({ cycles: CYCLES, store: memoryBlobs() }) },
      {
        name: 'members in files',
        run: () => fit({ cycles: CYCLES, store: fileBlobs(folder), existing: 'overwrite' }),
      },
      { name: 'members in files, no fit', run: writeMembers },
    ],
  });
} finally {
  rmSync(folder, { recursive: true });
}
