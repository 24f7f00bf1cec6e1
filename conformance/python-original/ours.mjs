// @ts-check
// Trains the same with our packages: reads job.json and the arrays beside it, answers with results.json and arrays.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import * as adapter from '@snapshot-ensemble/adapter-tfjs';
import { growingCycles } from '@snapshot-ensemble/schedules';
import { snapshotEnsemblePython } from '@snapshot-ensemble/schedules/compat';
import * as pictures from '@snapshot-ensemble/schedules/pictures';
import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';

const { loadMembers, pythonDefaults, resumeEpoch, snapshotEnsembleCallback } = adapter;
const folder = process.argv[2];
const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8'));
const floats = (name) => {
  const { buffer, byteOffset, length } = readFileSync(join(folder, `${name}.f32`));
  return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
};
const write = (name, { buffer, byteOffset, byteLength }) =>
  writeFileSync(join(folder, `${name}.f32`), new Uint8Array(buffer, byteOffset, byteLength));

registerTrainingKernels(tf, wasm);
await tf.setBackend('wasm');
const images = (name, rows) => tf.tensor(floats(name), [rows, 28, 28, 1]);
const [xs, testXs] = [images('train_x', job.rows), images('test_x', job.testRows)];
const [ys, testYs] = [tf.tensor1d(floats('train_y')), tf.tensor1d(floats('test_y'))];

function build(seed) {
  const { conv2d, maxPooling2d, flatten, dense } = tf.layers;
  const model = tf.sequential({
    layers: [
      conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 10, activation: 'softmax' }),
    ],
  });
  const values = floats(`initial-${seed}`);
  let at = 0;
  const weights = model
    .getWeights()
    .map(({ shape, size }) => tf.tensor(values.subarray(at, (at += size)), shape));
  model.setWeights(weights);
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor milliseconds spent in the hooks of a callback, waits for its saves included. */
function clock(callback) {
  const spent = { ms: 0 };
  for (const name of [
    'onTrainBegin',
    'onBatchBegin',
    'onBatchEnd',
    'onEpochBegin',
    'onEpochEnd',
    'onTrainEnd',
  ]) {
    const hook = callback[name].bind(callback);
    callback[name] = async (...args) => {
      const start = processorMs();
      await hook(...args);
      spent.ms += processorMs() - start;
    };
  }
  return spent;
}

class Recorder extends tf.Callback {
  rates = [];
  ends = [processorMs()];
  async onBatchBegin() {
    this.rates.push(this.model.optimizer.learningRate);
  }
  async onEpochEnd() {
    this.ends.push(processorMs());
  }
}

const { cycle_length, cycle_length_multiplier, lr_init, lr_min, lr_multiplier } = job.options;
const options = {
  cycleLength: cycle_length,
  cycleLengthMultiplier: cycle_length_multiplier,
  lrInit: lr_init,
  lrMin: lr_min,
  lrMultiplier: lr_multiplier,
};
const { few } = job; // images of the short runs
const fitting = { batchSize: job.batch, shuffle: false, verbose: 0 };
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function train(seed) {
  const model = build(seed);
  const dirpath = join(folder, `ours-${seed}`);
  const callback = snapshotEnsembleCallback(tf, { ...options, ensembleOptions: { dirpath } });
  const spent = clock(callback);
  const recorder = new Recorder();
  await model.fit(xs, ys, { ...fitting, epochs: job.epochs, callbacks: [callback, recorder] });
  const ensemble = await loadMembers(tf, defaultStore(dirpath));
  const probabilities = await ensemble.predictMembers(testXs, { batchSize: 500 });
  write(`ours-${seed}`, await probabilities.data());
  const evaluation = await ensemble.evaluate(testXs, testYs, { batchSize: 500 });
  const weights = [];
  for (const { id } of ensemble.members) {
    for await (const { data } of defaultStore(dirpath).readMember(id)) weights.push(...data);
  }
  write(`weights-${seed}`, Float32Array.from(weights));
  const files = readdirSync(dirpath, { recursive: true })
    .map((name) => [String(name), statSync(join(dirpath, String(name)))])
    .filter(([, info]) => info.isFile())
    .map(([name, { size }]) => [name, size]);
  const times = recorder.ends.slice(1).map((end, index) => (end - recorder.ends[index]) / 1000);
  return {
    rates: recorder.rates,
    steps: ensemble.members.map(({ step }) => step),
    files: Object.fromEntries(files),
    ensemble: evaluation.ensemble,
    epoch: median(times),
    overhead: spent.ms / 1000 / job.epochs,
  };
}

/** Weights after the first cycle on few images. With `swapped`, a planted fault: the batches come in another order. */
async function beginning(name, swapped = false) {
  const parts = [xs, ys].map((tensor) => tf.split(tensor.slice(0, few), 2));
  const [images, labels] = parts.map((halves) => tf.concat(swapped ? halves.reverse() : halves));
  const model = build(job.seeds[0]);
  const callbacks = snapshotEnsembleCallback(tf, { ...options, store: memoryBlobs() });
  await model.fit(images, labels, { ...fitting, epochs: options.cycleLength, callbacks });
  const values = await Promise.all(model.getWeights().map((weight) => weight.data()));
  write(name, Float32Array.from(values.flatMap((value) => [...value])));
}

/** Whether a run that is cut after `epochs` and resumed in a new model ends with the weights of the uncut one, and its first learning rate. */
async function resumed(epochs) {
  const data = [xs.slice(0, few), ys.slice(0, few)];
  const fit = async (store, to, from, existing) => {
    const model = build(job.seeds[0]);
    const recorder = new Recorder();
    const callback = snapshotEnsembleCallback(tf, {
      ...options,
      store,
      existing,
      checkpointEveryEpochs: 1,
    });
    await model.fit(...data, {
      ...fitting,
      epochs: to,
      initialEpoch: from,
      callbacks: [callback, recorder],
    });
    const values = await Promise.all(model.getWeights().map((weight) => weight.data()));
    return {
      rates: recorder.rates,
      bytes: Buffer.concat(values.map((value) => Buffer.from(value.slice().buffer))),
    };
  };
  const uncut = await fit(memoryBlobs(), job.epochs, 0, 'refuse');
  const store = memoryBlobs();
  const stopping = new (class extends tf.Callback {
    async onEpochEnd(epoch) {
      if (epoch === epochs - 1) this.model.stopTraining = true;
    }
  })();
  const model = build(job.seeds[0]);
  const callback = snapshotEnsembleCallback(tf, { ...options, store, checkpointEveryEpochs: 1 });
  await model.fit(...data, { ...fitting, epochs: job.epochs, callbacks: [callback, stopping] });
  const rest = await fit(store, job.epochs, await resumeEpoch(store), 'resume');
  return {
    isEqual: rest.bytes.equals(uncut.bytes),
    firstRate: rest.rates[0],
    uncutRate: uncut.rates[(epochs * few) / job.batch],
  };
}

function drift({ options: asked, steps_per_epoch, epochs }) {
  const { plan, schedule } = snapshotEnsemblePython({ epochs, steps_per_epoch, ...asked });
  const exact = growingCycles({
    totalEpochs: epochs,
    stepsPerEpoch: steps_per_epoch,
    cycleLength: asked.cycle_length,
    cycleLengthMultiplier: asked.cycle_length_multiplier,
  });
  return {
    rates: Array.from({ length: plan.totalSteps }, (_, step) => schedule(step)),
    restarts: plan.cycles.slice(1).map(({ start }) => start),
    exact: exact.cycles.slice(1).map(({ start }) => start),
  };
}

const runs = {};
for (const seed of job.seeds) runs[seed] = await train(seed);
await beginning('beginning');
await beginning('beginning-swapped', true);
const results = {
  runs,
  resumed: await resumed(3),
  drift: drift(job.drift),
  page: { defaults: pythonDefaults, exports: [...Object.keys(adapter), ...Object.keys(pictures)] },
};
writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
