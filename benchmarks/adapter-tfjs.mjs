// @ts-check
// What snapshotEnsembleCallback costs: the same fit without a callback, with members kept in memory and in files.
// `npm run build && node benchmarks/adapter-tfjs.mjs [cpu | wasm]`
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { sideBySide } from './side-by-side.mjs';

const backend = process.argv[2] ?? 'cpu';
await tf.setBackend(backend);
const ROWS = 1280;
const EPOCHS = 2;
const xs = tf.randomNormal([ROWS, 256], 0, 1, 'float32', 1);
const ys = tf.oneHot(tf.range(0, ROWS, 1, 'int32').mod(10).toInt(), 10);
const folder = mkdtempSync(join(tmpdir(), 'adapter-tfjs-'));

/** @param {Parameters<typeof snapshotEnsembleCallback>[1]} [options] */
async function fit(options) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 256, inputShape: [256], activation: 'relu' }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  const optimizer = tf.train.momentum(0.01, 0.9);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const callbacks = options && { callbacks: snapshotEnsembleCallback(tf, options) };
  const start = performance.now();
  await model.fit(xs, ys, { epochs: EPOCHS, batchSize: 64, verbose: 0, ...callbacks });
  const elapsed = performance.now() - start;
  model.dispose();
  optimizer.dispose();
  return elapsed;
}

try {
  const steps = (ROWS / 64) * EPOCHS;
  await sideBySide({
    title: `model.fit on ${backend}, ${steps} steps of 64 rows, 256 → 256 → 10, 4 members of 273 kB`,
    rounds: 31,
    threads: 1,
    packages: ['@tensorflow/tfjs'],
    contenders: [
      { name: 'no callback', run: () => fit() },
      { name: 'members in memory', run: () => fit({ cycles: 4, store: memoryBlobs() }) },
      {
        name: 'members in files',
        run: () => fit({ cycles: 4, store: fileBlobs(folder), existing: 'overwrite' }),
      },
    ],
  });
} finally {
  rmSync(folder, { recursive: true });
}
