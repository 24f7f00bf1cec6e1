// @ts-check
// `node worker.mjs CELL DATA OUT`: trains one cell and keeps its predictions; one process for each.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tfjsTrainer, trainSteps } from '@snapshot-ensemble/adapter-tfjs';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { first, loadParts } from './data/load.mjs';
import { shuffled } from './data/random.mjs';
import { toFloat16 } from './float16.mjs';
import { buildNet } from './nets.mjs';
import { recipeOf } from './recipes.mjs';
import { stepsPerEpoch, tasks } from './tasks.mjs';

/**
 * One training run. `smoke` cuts the data to a few rows.
 *
 * @typedef {{ id: string, task: string, epochs: number, seed: number, settings: import('./recipes.mjs').Settings, smoke?: boolean }} Cell
 */

/** Rows of validation on which `early-stop` looks after every epoch. */
const EARLY_STOP_ROWS = 2500;
const BATCH_ROWS = 500;

const [text = '', dataFolder = '', outFolder = ''] = process.argv.slice(2);
/** @type {Cell} */
const cell = JSON.parse(text);
if (process.env.TFJS_WASM) wasm.setWasmPaths(process.env.TFJS_WASM);
registerTrainingKernels(tf, wasm);
await tf.setBackend('wasm');
await run(cell);

/** @param {Cell} cell */
async function run({ id, task: name, epochs, seed, settings, smoke = false }) {
  const task = { ...tasks[name], ...(smoke && { train: 640, validation: 100 }) };
  const parts = loadParts(dataFolder, task);
  if (smoke)
    for (const part of Object.keys(parts))
      parts[part] = first(parts[part], Math.min(100, parts[part].rows));
  if (smoke) parts.train = first(loadParts(dataFolder, task).train, 640);
  const { inputs, width } = parts.train;
  const model = buildNet(tf, task, { seed, weightDecay: settings.weightDecay, width });
  model.compile({
    optimizer: tf.train.momentum(settings.peak, 0.9),
    loss:
      task.classes === 1
        ? 'meanSquaredError'
        : (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
  });
  const perEpoch = stepsPerEpoch(task);
  const recipe = recipeOf(settings, { epochs, stepsPerEpoch: perEpoch, rows: task.train });
  const members = /** @type {Kept[]} */ ([]);
  const started = { wall: Date.now(), processor: process.cpuUsage() };
  let order = new Uint32Array();
  const validation = first(parts.validation, Math.min(EARLY_STOP_ROWS, parts.validation.rows));
  await trainSteps(
    tf,
    {
      trainer: tfjsTrainer(tf, model),
      callback: followRecipe(recipe, members, seed, () => validationNll(model, task, validation)),
    },
    {
      totalSteps: epochs * perEpoch,
      stepsPerEpoch: perEpoch,
      async step({ step, epoch }) {
        const at = step % perEpoch;
        if (at === 0) order = shuffled(task.train, 100_003 * seed + epoch);
        const [x, y] = batchOf(
          parts.train,
          task,
          order.subarray(at * task.batch, (at + 1) * task.batch),
        );
        await model.trainOnBatch(x, y);
        tf.dispose([x, y]);
        return undefined;
      },
    },
  );
  const seconds = (Date.now() - started.wall) / 1000;
  const { user, system } = process.cpuUsage(started.processor);

  /** @type {Record<string, Float32Array[]>} */
  const outputs = {};
  for (const { weights, averaged } of members) {
    await tfjsTrainer(tf, model).writeWeights(streamed(weights));
    if (averaged) await refreshBatchNorm(model, inputs, width);
    for (const [part, rows] of Object.entries(parts))
      if (part !== 'train') (outputs[part] ??= []).push(predict(model, task, rows));
  }
  save(outFolder, id, {
    cell: { task: name, epochs, seed, settings },
    members: members.map(({ step, averaged }) => ({ step, averaged })),
    outputs,
    classes: task.classes,
    seconds,
    processorSeconds: (user + system) / 1e6,
  });
}

/** @typedef {import('@snapshot-ensemble/snapshot-core').NamedTensor} NamedTensor */
/** @typedef {{ step: number, averaged: boolean, weights: readonly NamedTensor[] }} Kept */

/**
 * Rates, noise, averages and members of a recipe.
 *
 * @param {import('./recipes.mjs').Recipe} recipe @param {Kept[]} members @param {number} seed @param {() => number} judge
 * @returns {import('@snapshot-ensemble/snapshot-core').TrainingCallback}
 */
function followRecipe({ rates, shares, noise, kept, keepsBest = false }, members, seed, judge) {
  const due = new Map(kept.map(({ step, from }) => [step, from]));
  /** @type {readonly NamedTensor[] | undefined} */
  let average;
  let best = Infinity;
  return {
    name: 'follow-recipe',
    onStepBegin: ({ step }, trainer) => {
      trainer.setLearningRate(rates[step]);
    },
    async onStepEnd({ step, stepsPerEpoch: perEpoch }, trainer) {
      if (noise !== undefined && noise[step] > 0)
        trainer.perturbWeights?.(noise[step], 9973 * seed + step);
      const share = shares?.[step] ?? 0;
      if (share > 0) average = mixed(average, await weightsOf(trainer), share);
      const done = step + 1;
      if (keepsBest) {
        if (done % perEpoch !== 0) return;
        const loss = judge();
        if (loss < best)
          members.splice(0, 1, { step: done, averaged: false, weights: await weightsOf(trainer) });
        best = Math.min(best, loss);
      } else if (due.has(done)) {
        const averaged = due.get(done) === 'average';
        const weights = averaged && average ? average : await weightsOf(trainer);
        members.push({ step: done, averaged, weights });
      }
    },
  };
}

/** @param {import('@snapshot-ensemble/snapshot-core').Trainer} trainer */
async function weightsOf(trainer) {
  /** @type {NamedTensor[]} */
  const weights = [];
  for await (const tensor of trainer.readWeights())
    weights.push({ ...tensor, data: Float32Array.from(tensor.data) });
  return weights;
}

/** @param {readonly NamedTensor[] | undefined} average @param {readonly NamedTensor[]} weights @param {number} share */
function mixed(average, weights, share) {
  if (average === undefined || share === 1) return weights;
  return average.map((tensor, i) => {
    const from = weights[i].data;
    const data = new Float32Array(from.length);
    for (let j = 0; j < data.length; j++)
      data[j] = tensor.data[j] + share * (from[j] - tensor.data[j]);
    return { ...tensor, data };
  });
}

/** @param {readonly NamedTensor[]} weights */
async function* streamed(weights) {
  yield* weights;
}

/** Statistics of averaged weights: the plain mean over batches of training rows. @param {tf.LayersModel} model @param {Float32Array} inputs @param {number} width */
async function refreshBatchNorm(model, inputs, width) {
  if (!model.layers.some((layer) => layer.getClassName() === 'BatchNormalization')) return;
  const shape = /** @type {number[]} */ (model.inputs[0].shape.slice(1));
  async function* batches() {
    for (let start = 0; start < 2000; start += 200)
      yield tf.tensor(inputs.subarray(start * width, (start + 200) * width), [200, ...shape]);
  }
  await tfjsTrainer(tf, model, undefined, { batchNormData: batches }).refreshBatchNorm?.();
}

/** @param {import('./data/load.mjs').Part} part @param {import('./tasks.mjs').Task} task @param {Uint32Array} chosen */
function batchOf({ inputs, width, labels = [] }, { net, classes }, chosen) {
  const x = new Float32Array(chosen.length * width);
  const y = new Float32Array(chosen.length * classes);
  chosen.forEach((from, to) => {
    x.set(inputs.subarray(from * width, (from + 1) * width), to * width);
    if (classes === 1) y[to] = labels[from];
    else y[to * classes + labels[from]] = 1;
  });
  const shape = net === 'mlp' ? [width] : [28, 28, 1];
  return [tf.tensor(x, [chosen.length, ...shape]), tf.tensor(y, [chosen.length, classes])];
}

/** @param {tf.LayersModel} model @param {import('./tasks.mjs').Task} task @param {import('./data/load.mjs').Part} part */
function predict(model, { net, classes }, { inputs, rows, width }) {
  const shape = net === 'mlp' ? [width] : [28, 28, 1];
  const outputs = new Float32Array(rows * classes);
  for (let start = 0; start < rows; start += BATCH_ROWS) {
    const end = Math.min(rows, start + BATCH_ROWS);
    tf.tidy(() => {
      const x = tf.tensor(inputs.subarray(start * width, end * width), [end - start, ...shape]);
      outputs.set(/** @type {tf.Tensor} */ (model.predict(x)).dataSync(), start * classes);
    });
  }
  return outputs;
}

/** @param {tf.LayersModel} model @param {import('./tasks.mjs').Task} task @param {import('./data/load.mjs').Part} part */
function validationNll(model, task, part) {
  const logits = predict(model, task, part);
  const { labels = [] } = part;
  const { classes } = task;
  let sum = 0;
  for (let row = 0; row < part.rows; row++) {
    if (classes === 1) sum += (logits[row] - labels[row]) ** 2;
    else {
      const own = logits.subarray(row * classes, (row + 1) * classes);
      const peak = Math.max(...own);
      sum +=
        peak +
        Math.log(own.reduce((total, value) => total + Math.exp(value - peak), 0)) -
        own[labels[row]];
    }
  }
  return sum / part.rows;
}

/** Writes predictions, then the facts that name them: a run that has its JSON is complete. */
function save(folder, id, { cell, members, outputs, classes, seconds, processorSeconds }) {
  mkdirSync(folder, { recursive: true });
  let offset = 0;
  const index = Object.entries(outputs).map(([part, values]) => {
    const at = offset;
    offset += values.length * values[0].length;
    return { part, members: values.length, rows: values[0].length / classes, offset: at };
  });
  const halves = new Uint16Array(offset);
  for (const { part, offset: at } of index)
    outputs[part].forEach((values, i) => halves.set(toFloat16(values), at + i * values.length));
  writeFileSync(
    join(folder, `${id}.f16.gz`),
    gzipSync(new Uint8Array(halves.buffer), { level: 6 }),
  );
  const facts = {
    ...cell,
    classes,
    members,
    predictions: index,
    seconds: round(seconds),
    processorSeconds: round(processorSeconds),
    versions: {
      node: process.version,
      tfjs: tf.version.tfjs,
      backend: `wasm ${wasm.version_wasm}`,
      processor: cpus()[0].model.trim(),
    },
    finishedAt: new Date().toISOString(),
  };
  writeFileSync(join(folder, `${id}.tmp`), `${JSON.stringify(facts, null, 1)}\n`);
  renameSync(join(folder, `${id}.tmp`), join(folder, `${id}.json`));
  console.log(`${id}: ${round(seconds)} s`);
}

/** @param {number} value */
function round(value) {
  return Math.round(10 * value) / 10;
}
