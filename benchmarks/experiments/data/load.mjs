// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Rows as the network takes them, and what they are: class indices, or the target of a regression. Inputs that have no
 * class have no labels.
 *
 * @typedef {{ inputs: Float32Array, rows: number, width: number, labels?: Float32Array | Uint8Array }} Part
 */

const WIDTHS = { fashion: 784, letters: 16, diamonds: 26 };

/** What is stored, scaled as the networks take it. */
const SCALES = {
  fashion: (byte) => byte / 255,
  letters: (value) => (value - 7.5) / 3,
  diamonds: (value) => value,
};

/**
 * The parts of a task: `train`, `validation`, `test`, `unknown:…` and `shifted:…`.
 *
 * @param {string} folder that `prepare.mjs` wrote
 * @param {import('../tasks.mjs').Task} task
 * @returns {Record<string, Part>}
 */
export function loadParts(folder, { data, seen, train, validation }) {
  const stored = readStored(folder, data);
  const width = WIDTHS[data];
  /** @type {Record<string, Part>} */
  const parts = {};
  for (const [name, values] of Object.entries(stored)) {
    if (name.endsWith('Labels')) continue;
    const inputs = scaled(values, SCALES[data]);
    parts[name] = { inputs, width, rows: values.length / width, labels: stored[`${name}Labels`] };
  }
  if (seen !== undefined) {
    const { test } = parts;
    parts['unknown:held-out'] = { ...where(test, (label) => label >= seen), labels: undefined };
    for (const name of ['train', 'validation', 'test'])
      parts[name] = where(parts[name], (label) => label < seen);
    // They hold images of the classes left out.
    for (const name of Object.keys(parts)) if (name.startsWith('shifted:')) delete parts[name];
  }
  for (const [name, rows] of Object.entries({ train, validation })) {
    if (rows > parts[name].rows)
      throw new RangeError(
        `The part "${name}" has ${parts[name].rows} rows${seen === undefined ? '' : ' of the classes seen'}; the task takes ${rows}.`,
      );
    parts[name] = first(parts[name], rows);
  }
  return parts;
}

/** A plain loop: `Float32Array.from` goes through an iterator and takes 30 times as long. @param {ArrayLike<number>} values @param {(value: number) => number} scale */
function scaled(values, scale) {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = scale(values[i]);
  return result;
}

/** @param {string} folder @param {string} data @returns {Record<string, Uint8Array | Float32Array>} */
function readStored(folder, data) {
  const index = JSON.parse(readFileSync(join(folder, `${data}.json`), 'utf8'));
  const { buffer } = new Uint8Array(readFileSync(join(folder, `${data}.bin`)));
  return Object.fromEntries(
    index.map(({ name, type, offset, length }) => [
      name,
      type === 'uint8'
        ? new Uint8Array(buffer, offset, length)
        : new Float32Array(buffer, offset, length),
    ]),
  );
}

/** @param {Part} part @param {number} rows @returns {Part} */
export function first({ inputs, labels, width, ...part }, rows) {
  if (rows > part.rows) throw new RangeError(`Asked for ${rows} rows of ${part.rows}.`);
  return {
    inputs: inputs.subarray(0, rows * width),
    labels: labels?.subarray(0, rows),
    width,
    rows,
  };
}

/** @param {Part} part @param {(label: number) => boolean} keep @returns {Part} */
function where({ inputs, labels = new Uint8Array(), width }, keep) {
  const chosen = [...labels.keys()].filter((row) => keep(labels[row]));
  const kept = new Float32Array(chosen.length * width);
  chosen.forEach((from, to) =>
    kept.set(inputs.subarray(from * width, (from + 1) * width), to * width),
  );
  return {
    inputs: kept,
    labels: Uint8Array.from(chosen, (row) => labels[row]),
    width,
    rows: chosen.length,
  };
}
