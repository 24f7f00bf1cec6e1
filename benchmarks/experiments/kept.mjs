// @ts-check
// What is kept of predictions, in ../results: `gpu/<group>.predictions.br`, `gpu/<group>.rows.br`, `runs/<id>.br`, `labels.br`.
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { fromFloat16, toFloat16 } from './float16.mjs';
import {
  packBits,
  packLosses,
  packProbabilities,
  unpackBits,
  unpackLosses,
  unpackProbabilities,
} from './levels.mjs';
import { results } from './results.mjs';

/** @typedef {import('./levels.mjs').Floats} Floats */
/** @typedef {{ settings: import('./recipes.mjs').Settings, seed: number, validation: Floats[], test: Floats[] }} Predictions */

/** Rows of which AUROC looks at the energy. */
const ENERGY_ROWS = 5000;
const LAST_LEVEL = 255;

/** @param {string} file in ../results @param {object} header @param {readonly Uint8Array[]} blocks */
export function writeKept(file, header, blocks) {
  const facts = Buffer.from(
    JSON.stringify({ ...header, blocks: blocks.map(({ length }) => length) }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(facts.length);
  const bytes = Buffer.concat([length, facts, ...blocks]);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(`${results}${file}`, brotliCompressSync(bytes, { params }));
}

/** @param {string} file in ../results @returns {{ header: any, blocks: Uint8Array[] }} */
export function readKept(file) {
  const bytes = brotliDecompressSync(readFileSync(`${results}${file}`));
  let at = 4 + bytes.readUInt32LE(0);
  const header = JSON.parse(bytes.toString('utf8', 4, at));
  const blocks = header.blocks.map((/** @type {number} */ length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
  return { header, blocks };
}

/** Outputs of the GPU's networks about validation and test rows. @param {string} group @param {number} classes @param {readonly Predictions[]} entries */
export function keepPredictions(group, classes, entries) {
  const parts = entries.map(({ settings, seed, validation }) => ({
    settings,
    seed,
    members: validation.length,
  }));
  const blocks = entries.flatMap(({ validation, test }) =>
    [validation, test].map((members) => packOutputs(members, classes)),
  );
  writeKept(`gpu/${group}.predictions.br`, { classes, entries: parts }, blocks);
}

/** Log-probabilities, or the outputs of a regression. @param {string} group @returns {Predictions[]} */
export function readPredictions(group) {
  const { header, blocks } = readKept(`gpu/${group}.predictions.br`);
  return header.entries.map(({ settings, seed, members }, /** @type {number} */ i) => ({
    settings,
    seed,
    validation: unpackOutputs(blocks[2 * i], members, header.classes),
    test: unpackOutputs(blocks[2 * i + 1], members, header.classes),
  }));
}

/**
 * Losses of single test rows: `nllCalibrated`, and of a classification `nll` and `error`, of a regression `mse`.
 *
 * @typedef {Record<string, Floats>} Losses
 */

/** @param {string} group @param {readonly Losses[]} contestants */
export function keepLosses(group, contestants) {
  const isRegression = 'mse' in contestants[0];
  const of = (/** @type {string} */ name) => contestants.map((losses) => losses[name]);
  const rise = contestants.map(({ nll, nllCalibrated }) =>
    nll?.map((loss, row) => loss - nllCalibrated[row]),
  );
  writeKept(
    `gpu/${group}.rows.br`,
    { contestants: contestants.length, rows: contestants[0].nllCalibrated.length },
    [
      packLosses(of('nllCalibrated')),
      ...(isRegression
        ? [packLosses(of('mse').map((losses) => losses.map((loss) => 1000 * loss)))]
        : [packLosses(rise), packBits(of('error'))]),
    ],
  );
}

/** @param {string} group @returns {Losses[]} */
export function readLosses(group) {
  const { header, blocks } = readKept(`gpu/${group}.rows.br`);
  const { contestants, rows } = header;
  const calibrated = unpackLosses(blocks[0], contestants);
  const second = unpackLosses(blocks[1], contestants);
  if (blocks.length === 2)
    return calibrated.map((nllCalibrated, i) => ({
      nllCalibrated,
      mse: second[i].map((loss) => loss / 1000),
    }));
  const errors = unpackBits(blocks[2], contestants, rows);
  return calibrated.map((nllCalibrated, i) => ({
    nllCalibrated,
    nll: second[i].map((rise, row) => rise + nllCalibrated[row]),
    error: errors[i],
  }));
}

/** Logits of one TensorFlow.js run by part, and what their energy is made of. @param {string} id @param {number} classes @param {Record<string, Float32Array[]>} outputs */
export function keepRun(id, classes, outputs) {
  /** @type {Uint8Array[]} */
  const blocks = [];
  const parts = Object.entries(outputs).map(([part, members]) => {
    blocks.push(packOutputs(members, classes));
    if (classes === 1 || part === 'validation') return { part, members: members.length };
    const sums = members.map((logits) =>
      logSums(logits.subarray(0, ENERGY_ROWS * classes), classes),
    );
    const all = sums.flatMap((own) => [...own]);
    const min = all.reduce((least, value) => Math.min(least, value), Infinity);
    const step = (all.reduce((most, value) => Math.max(most, value), -Infinity) - min) / LAST_LEVEL;
    blocks.push(Uint8Array.from(all, (value) => Math.round((value - min) / step)));
    return { part, members: members.length, energy: { min, step } };
  });
  writeKept(`runs/${id}.br`, { classes, parts }, blocks);
}

/** Logits by part and member; where no energy is kept, log-probabilities. @param {string} id @returns {Record<string, Float32Array[]>} */
export function readRun(id) {
  const { header, blocks } = readKept(`runs/${id}.br`);
  const { classes } = header;
  let next = 0;
  return Object.fromEntries(
    header.parts.map(({ part, members: count, energy }) => {
      const members = unpackOutputs(blocks[next++], count, classes);
      if (energy) {
        const levels = blocks[next++];
        const rows = levels.length / count;
        members.forEach((values, member) => {
          for (let i = 0; i < rows * classes; i++) {
            const level = levels[member * rows + Math.floor(i / classes)];
            values[i] += energy.min + energy.step * level;
          }
        });
      }
      return [part, members];
    }),
  );
}

/** Labels, or targets, of a task's validation and test rows. @param {import('./tasks.mjs').Task} task @returns {{ validation: number[], test: number[] }} */
export function readLabels({ data, validation }) {
  const { header } = readKept('labels.br');
  const labels = header[data];
  return { ...labels, validation: labels.validation.slice(0, validation) };
}

/** @param {readonly Floats[]} members @param {number} classes */
function packOutputs(members, classes) {
  if (classes > 1) return packProbabilities(members, classes);
  return Buffer.concat(
    members.map((values) => {
      const halves = toFloat16(values);
      return Buffer.from([
        ...halves.map((half) => half & 255),
        ...halves.map((half) => half >>> 8),
      ]);
    }),
  );
}

/** @param {Uint8Array} bytes @param {number} count @param {number} classes @returns {Float32Array[]} */
function unpackOutputs(bytes, count, classes) {
  if (classes > 1) return unpackProbabilities(bytes, count, classes);
  const rows = bytes.length / count / 2;
  return Array.from({ length: count }, (_, member) => {
    const own = bytes.subarray(2 * rows * member, 2 * rows * (member + 1));
    return fromFloat16(
      Uint16Array.from({ length: rows }, (__, row) => own[row] | (own[rows + row] << 8)),
    );
  });
}

/** The logarithm of the sum of the exponentials: the energy's other sign. @param {Float32Array} logits @param {number} classes */
function logSums(logits, classes) {
  return Float64Array.from({ length: logits.length / classes }, (_, row) => {
    const own = logits.subarray(row * classes, (row + 1) * classes);
    const highest = Math.max(...own);
    return highest + Math.log(own.reduce((sum, value) => sum + Math.exp(value - highest), 0));
  });
}
