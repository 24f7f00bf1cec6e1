// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import { networks } from './wasm-training-networks.mjs';

/* One of the threads of wasm-two-workers.mjs: trains on its share of every batch and adds all threads' gradients up. */
const { network, party, parties } = workerData;
const barrier = new Int32Array(workerData.barrier);
const shared = new Float32Array(workerData.gradients);

registerTrainingKernels(tf, wasm);
await tf.setBackend('wasm');
const { make, shape, batch } = networks.find(({ name }) => name === network);
const share = batch / parties;
const model = make();
const weights = model.trainableWeights.map((weight) => weight.read());
const length = weights.reduce((total, { size }) => total + size, 0);
const mine = shared.subarray(party * length, (party + 1) * length);
const optimizer = tf.train.sgd(0.05);

// Every thread starts with the same weights and takes its rows of the same batch.
const next = generator(1);
for (const weight of model.getWeights()) {
  if (weight.rank < 2) continue;
  const scale = Math.sqrt(6 / (weight.size / weight.shape.at(-1)));
  const values = Float32Array.from({ length: weight.size }, () => (next() * 2 - 1) * scale);
  model.weights
    .find(({ val }) => val.dataId === weight.dataId)
    ?.write(tf.tensor(values, weight.shape));
}
const size = shape.reduce((a, b) => a * b, 1);
const pixels = Float32Array.from({ length: batch * size }, () => next() * 2 - 1);
const labels = Int32Array.from({ length: batch }, () => Math.floor(next() * 10));
const x = tf.tensor(pixels.subarray(party * share * size, (party + 1) * share * size), [
  share,
  ...shape,
]);
const y = tf.oneHot(tf.tensor1d(labels.subarray(party * share, (party + 1) * share), 'int32'), 10);

/** Computes this thread's gradient, waits for the others, and adds them in the order of the threads: the same sum in each. */
function gradient(training) {
  tf.tidy(() => {
    const loss = () =>
      tf.metrics.categoricalCrossentropy(y, model.apply(x, { training })).mean().asScalar();
    const { grads } = tf.variableGrads(loss, weights);
    let at = 0;
    for (const { name, size } of weights) {
      mine.set(grads[name].dataSync(), at);
      at += size;
    }
  });
  meet();
  const total = new Float32Array(length);
  for (let other = 0; other < parties; other++)
    for (let i = 0; i < length; i++) total[i] += shared[other * length + i] / parties;
  // Nobody may write the next gradient before all have read this one.
  meet();
  return total;
}

function step() {
  const total = gradient(true);
  let at = 0;
  const named = weights.map(({ name, size, shape }) => {
    at += size;
    return { name, tensor: tf.tensor(total.subarray(at - size, at), shape) };
  });
  optimizer.applyGradients(named);
  tf.dispose(named.map(({ tensor }) => tensor));
}

parentPort?.on('message', (request) => {
  // Batch norm sees half a batch in each thread; only without its statistics can the sums be equal.
  if (request.gradient) return parentPort?.postMessage(gradient(false));
  meet();
  const start = performance.now();
  for (let i = 0; i < request.steps; i++) step();
  meet();
  parentPort?.postMessage(performance.now() - start);
});

/** Waits until all threads are here: `barrier` counts those that are, and how often they all were. */
function meet() {
  const meetings = Atomics.load(barrier, 1);
  if (Atomics.add(barrier, 0, 1) === parties - 1) {
    Atomics.store(barrier, 0, 0);
    Atomics.add(barrier, 1, 1);
    Atomics.notify(barrier, 1);
    return;
  }
  while (Atomics.load(barrier, 1) === meetings) Atomics.wait(barrier, 1, meetings);
}

/** Numbers in [0, 1) that depend on the seed only (linear congruential, Numerical Recipes constants). */
function generator(state) {
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
