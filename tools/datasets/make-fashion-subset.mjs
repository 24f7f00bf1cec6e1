// @ts-check
// `node tools/datasets/make-fashion-subset.mjs [FOLDER]`: the committed subset of Fashion-MNIST from the official files.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gunzipSync } from 'node:zlib';
import { shuffled } from '../../benchmarks/experiments/data/random.mjs';

/*
 * 5,000 images to train on, 2,500 to choose on, all 10,000 test images to report on: the rows of the task
 * `fashion-cnn-5k` of benchmarks/experiments, whose results the demo's settings come from.
 */
const SEED = 1;
const PARTS = { validation: [0, 2_500], train: [5_000, 10_000] };
const official = process.argv[2] ?? '/usr/share/datasets/fashion-mnist';
const folder = fileURLToPath(new URL('fashion/', import.meta.url));
const PIXELS = 28 * 28;

/** @param {string} name */
const read = (name) => gunzipSync(readFileSync(join(official, `${name}.gz`)));
const images = read('train-images-idx3-ubyte').subarray(16);
const labels = read('train-labels-idx1-ubyte').subarray(8);
const order = shuffled(labels.length, SEED);
for (const [part, [start, end]] of Object.entries(PARTS)) {
  const rows = [...order.subarray(start, end)];
  const chosen = rows.map((row) => images.subarray(row * PIXELS, (row + 1) * PIXELS));
  write(`${part}-images`, idx([rows.length, 28, 28], Buffer.concat(chosen)));
  write(`${part}-labels`, idx([rows.length], Buffer.from(rows.map((row) => labels[row]))));
}
write('test-images', read('t10k-images-idx3-ubyte'));
write('test-labels', read('t10k-labels-idx1-ubyte'));

/** @param {readonly number[]} shape @param {Buffer} data */
function idx(shape, data) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 0x08, shape.length]);
  shape.forEach((dimension, axis) => header.writeUInt32BE(dimension, 4 + 4 * axis));
  return Buffer.concat([header, data]);
}

/** @param {string} name @param {Buffer} content */
function write(name, content) {
  const file = `${name}.idx.br`;
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  const params = {
    [BROTLI_PARAM_QUALITY]: 11,
    [BROTLI_PARAM_LGWIN]: 24,
    [BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(join(folder, file), brotliCompressSync(content, { params }));
  // Of what is inside: other versions of the compressor may give other bytes.
  console.log(`${createHash('sha256').update(content).digest('hex')}  ${name}.idx`);
}
