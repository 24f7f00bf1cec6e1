// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** @typedef {{ images: Float32Array, labels: Uint8Array, rows: number }} Part */

/**
 * Fashion-MNIST as `apt-get install dataset-fashion-mnist` puts it down; pixels from 0 to 1.
 *
 * @param {'train' | 't10k'} part
 * @param {number} [rows]
 * @returns {Part}
 */
export function fashion(part, rows) {
  const read = (/** @type {string} */ kind) =>
    gunzipSync(readFileSync(join('/usr/share/datasets/fashion-mnist', `${part}-${kind}-ubyte.gz`)));
  const labels = new Uint8Array(read('labels-idx1').subarray(8)).subarray(0, rows);
  const bytes = read('images-idx3').subarray(16, 16 + labels.length * PIXELS);
  const images = new Float32Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) images[at] = (bytes[at] ?? 0) / 255;
  return { images, labels, rows: labels.length };
}

/** @param {Part} part @param {number} start @param {number} end */
export function imagesOf({ images }, start, end) {
  return images.subarray(start * PIXELS, end * PIXELS);
}
