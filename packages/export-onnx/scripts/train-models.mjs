// @ts-check
// `node scripts/train-models.mjs [NAME …]`: trains the models of test/golden/trained on real data, on one thread of the wasm backend, and
// saves each as tfjs does (model.json and weights.bin) with samples that it never saw. Run once; the files are committed.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { loadMnist } from '@snapshot-ensemble/datasets';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { layers } = tf;
const SAMPLES = 24;
const STEPS = 300;

registerTrainingKernels(tf, wasm);
await tf.setBackend('wasm');

/** @type {(input: any, filters: number, options?: { size?: number, strides?: number, relu?: boolean }) => any} */
function conv(input, filters, { size = 3, strides = 1, relu = true } = {}) {
  const options = { filters, kernelSize: size, strides, padding: 'same', useBias: false };
  // Statistics of the last 20 steps or so: a run is short.
  const normal = layers
    .batchNormalization({ momentum: 0.9 })
    .apply(layers.conv2d(/** @type {any} */ (options)).apply(input));
  return relu ? layers.reLU().apply(normal) : normal;
}

/** @type {(x: any) => any} */
const classify = (x) =>
  layers
    .dense({ units: 10, activation: 'softmax', name: 'digit' })
    .apply(layers.globalAveragePooling2d({}).apply(x));

/** He et al. 2016, §4.2, with half the filters, on digits of 14 × 14 pixels. */
function narrowResNet20() {
  const input = tf.input({ shape: [14, 14, 1], name: 'image' });
  let x = conv(input, 8);
  for (const filters of [8, 16, 32])
    for (let block = 0; block < 3; block++) {
      const strides = filters > 8 && block === 0 ? 2 : 1;
      const shortcut = strides === 1 ? x : conv(x, filters, { size: 1, strides, relu: false });
      const inner = conv(conv(x, filters, { strides }), filters, { relu: false });
      x = layers.reLU().apply(layers.add().apply([inner, shortcut]));
    }
  return tf.model({ inputs: input, outputs: classify(x) });
}

/** A stem and one inverted residual. Sandler et al. 2018, §3.4. */
function mobileNetV2Block() {
  const input = tf.input({ shape: [14, 14, 1], name: 'image' });
  /** @type {(x: any) => any} */
  const relu6 = (x) => layers.reLU({ maxValue: 6 }).apply(x);
  const stem = relu6(conv(input, 16, { strides: 2, relu: false }));
  const wide = relu6(conv(stem, 64, { size: 1, relu: false }));
  const depthwise = layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false });
  const filtered = relu6(layers.batchNormalization({ momentum: 0.9 }).apply(depthwise.apply(wide)));
  const narrow = conv(filtered, 16, { size: 1, relu: false });
  return tf.model({ inputs: input, outputs: classify(layers.add().apply([stem, narrow])) });
}

const LETTERS = 24;

/** Letters without spaces in; for each, how likely a word ends with it. */
function tagger() {
  const input = tf.input({ shape: [LETTERS], name: 'letters' });
  const letters = layers.embedding({ inputDim: 27, outputDim: 16, maskZero: true }).apply(input);
  const lstm = layers.lstm({ units: 24, returnSequences: true });
  const read = layers.bidirectional({ layer: /** @type {any} */ (lstm), mergeMode: 'concat' });
  const head = layers.dense({ units: 2, activation: 'softmax' });
  const tags = layers.timeDistributed({ layer: head, name: 'ends' }).apply(read.apply(letters));
  return tf.model({ inputs: input, outputs: /** @type {any} */ (tags) });
}

/**
 * MNIST at half its width and height: every pixel the mean of four.
 *
 * @param {'train' | 'test'} split
 */
async function digits(split) {
  const { images, labels, count } = await loadMnist(split);
  const small = new Uint8Array(count * 196);
  for (let index = 0; index < small.length; index++) {
    const [image, y, x] = [Math.floor(index / 196), Math.floor((index % 196) / 14), index % 14];
    const at = image * 784 + y * 56 + x * 2;
    const sum = images[at] + images[at + 1] + images[at + 28] + images[at + 29];
    small[index] = Math.round((sum / 4) * 255);
  }
  return { inputs: small, labels: [...labels], shape: [14, 14, 1], divisor: 255, classes: 10 };
}

/**
 * Words of this repository's pages, run together, some sequences padded at the end.
 *
 * @param {'train' | 'test'} split
 */
function sentences(split) {
  const pages = [root, ...['packages', 'examples'].flatMap(inside)]
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name)),
    )
    .map((file) => readFileSync(file, 'utf8'));
  const words = pages
    .join(' ')
    .toLowerCase()
    .match(/[a-z]+/g)
    ?.filter((word) => word.length < 12);
  const rows = [];
  for (let at = 0; at < (words?.length ?? 0); at += 2) {
    /** @type {number[]} */
    const [ids, ends] = [[], []];
    const length = LETTERS - (at % 3 === 0 ? at % 11 : 0);
    for (const word of words?.slice(at, at + LETTERS) ?? [])
      for (const [index, letter] of [...word].entries()) {
        if (ids.length === length) break;
        ids.push(letter.charCodeAt(0) - 96);
        ends.push(index === word.length - 1 ? 1 : 0);
      }
    while (ids.length < LETTERS) {
      ids.push(0);
      ends.push(0);
    }
    rows.push({ ids, ends });
  }
  // The last tenth is never trained on.
  const cut = Math.floor(rows.length * 0.9);
  const chosen = split === 'train' ? rows.slice(0, cut) : rows.slice(cut);
  const inputs = Uint8Array.from(chosen.flatMap(({ ids }) => ids));
  const labels = chosen.flatMap(({ ends }) => ends);
  return { inputs, labels, shape: [LETTERS], divisor: 1, classes: 2 };
}

/** @param {string} folder */
function inside(folder) {
  return readdirSync(join(root, folder)).map((name) => join(root, folder, name));
}

/** @type {Record<string, { make: () => tf.LayersModel, data: (split: 'train' | 'test') => any, learningRate: number }>} */
const models = {
  'resnet20-narrow-14x14': { make: narrowResNet20, data: digits, learningRate: 0.003 },
  'mobilenetv2-block-14x14': { make: mobileNetV2Block, data: digits, learningRate: 0.01 },
  'bilstm-tagger': { make: tagger, data: sentences, learningRate: 0.01 },
};

for (const [name, { make, data, learningRate }] of Object.entries(models)) {
  if (process.argv.length > 2 && !process.argv.includes(name)) continue;
  const model = make();
  const optimizer = tf.train.adam(learningRate);
  model.compile({
    optimizer,
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const train = await data('train');
  const losses = [];
  for (let step = 0; step < STEPS; step++) {
    // Annealed, so that the last weights are good ones.
    Object.assign(optimizer, {
      learningRate: (learningRate * (1 + Math.cos((Math.PI * step) / STEPS))) / 2,
    });
    const { x, y } = batch(train, step * 64, 64, step);
    const [loss] = /** @type {number[]} */ (await model.trainOnBatch(x, y));
    losses.push(loss);
    tf.dispose([x, y]);
  }
  const test = await data('test');
  const samples = firstRows(test, SAMPLES);
  const { x, y } = batch(test, 0, 256, undefined);
  const [, accuracy] = /** @type {tf.Scalar[]} */ (model.evaluate(x, y)).map(
    (value) => value.dataSync()[0],
  );
  console.log(
    `${name}: ${model.countParams()} weights, ${STEPS} steps, loss ${losses[0].toFixed(2)} to ${losses.at(-1)?.toFixed(2)}, accuracy on unseen rows ${accuracy.toFixed(3)}`,
  );
  await save(name, model, samples);
}

/**
 * @param {{ inputs: Uint8Array, labels: number[], shape: number[], divisor: number }} data
 * @param {number} start
 * @param {number} count
 * @param {number | undefined} seed Rows are taken from anywhere; in order where there is none.
 */
function batch({ inputs, labels, shape, divisor }, start, count, seed) {
  const size = shape.reduce((product, side) => product * side, 1);
  const [rows, perRow] = [inputs.length / size, (labels.length * size) / inputs.length];
  const chosen = Array.from({ length: count }, (_, index) =>
    seed === undefined ? start + index : ((start + index) * 7919) % rows,
  );
  const values = chosen.flatMap((row) => [...inputs.subarray(row * size, (row + 1) * size)]);
  const targets = chosen.flatMap((row) => labels.slice(row * perRow, (row + 1) * perRow));
  return {
    x: tf.tensor(values, [count, ...shape], 'float32').div(divisor),
    y: tf.tensor(targets, perRow === 1 ? [count, 1] : [count, perRow, 1], 'float32'),
  };
}

/** @type {(data: any, count: number) => object} */
function firstRows({ inputs, labels, shape, divisor }, count) {
  const size = shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
  const perRow = (labels.length * size) / inputs.length;
  return {
    shape: [count, ...shape],
    divisor,
    inputs: [...inputs.subarray(0, count * size)],
    labels: labels.slice(0, count * perRow),
  };
}

/**
 * @param {string} name
 * @param {tf.LayersModel} model
 * @param {object} samples
 */
async function save(name, model, samples) {
  const folder = fileURLToPath(new URL(`../test/golden/trained/${name}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const handler = tf.io.withSaveHandler(async ({ weightData, weightSpecs, modelTopology }) => {
    const weights = new Uint8Array(/** @type {ArrayBuffer} */ (weightData));
    const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
    const format = { format: 'layers-model', generatedBy: `TensorFlow.js ${tf.version.tfjs}` };
    const json = { ...format, modelTopology, weightsManifest };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
    writeFileSync(join(folder, 'weights.bin'), weights);
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler);
  writeFileSync(join(folder, 'samples.json'), `${JSON.stringify(samples)}\n`);
}
