// @ts-check
// `node benchmarks/experiments/keep.mjs [RAW]`: packs the predictions of the runs, and what gpu/sweep.py left in RAW, as ../results keeps them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadParts } from './data/load.mjs';
import { fromFloat16 } from './float16.mjs';
import { keepLosses, keepPredictions, keepRun, writeKept } from './kept.mjs';
import { results } from './results.mjs';
import { tasks } from './tasks.mjs';

const raw = process.argv[2];
keepLabels();
if (raw !== undefined) keepSweep(raw);
keepRuns();

/** Of the task with the most rows of each data set. */
function keepLabels() {
  const folder = fileURLToPath(new URL('.data', import.meta.url));
  const labels = ['fashion-cnn', 'letters-mlp', 'diamonds-mlp'].map((name) => {
    const { validation, test } = loadParts(folder, tasks[name]);
    const of = ({ labels: own = [] }) => Array.from(own);
    return [tasks[name].data, { validation: of(validation), test: of(test) }];
  });
  writeKept('labels.br', Object.fromEntries(labels), []);
}

/** What score.mjs scores: shifted inputs are compared on the GPU's networks. */
function keepRuns() {
  const folder = join(results, 'runs');
  const ids = readdirSync(folder)
    .filter((name) => name.endsWith('.f16.gz'))
    .map((name) => name.replace('.f16.gz', ''));
  for (const id of ids.filter((one) => !existsSync(join(folder, `${one}.br`)))) {
    const { classes, predictions } = JSON.parse(readFileSync(join(folder, `${id}.json`), 'utf8'));
    const halves = halvesOf(readFileSync(join(folder, `${id}.f16.gz`)));
    const outputs = predictions
      .filter(({ part }) => !part.startsWith('shifted:'))
      .map(({ part, members, rows, offset }) => [
        part,
        Array.from({ length: members }, (_, i) => {
          const start = offset + i * rows * classes;
          return fromFloat16(halves.subarray(start, start + rows * classes));
        }),
      ]);
    keepRun(id, classes, Object.fromEntries(outputs));
    console.log(id);
  }
}

/** @param {string} folder */
function keepSweep(folder) {
  for (const file of readdirSync(folder)) {
    const [group = '', ...kind] = file.split('.');
    if (existsSync(join(results, 'gpu', file.replace('.gz', '.br')))) continue;
    const read = (/** @type {string} */ end) =>
      JSON.parse(readFileSync(join(folder, group + end), 'utf8'));
    const { classes } = tasks[group.replace('-repeat', '').replace(/-\d+$/, '')] ?? {};
    if (kind.join('.') === 'rows.gz') {
      const { testRows } = read('.json');
      keepLosses(group, lossesOf(gunzipSync(readFileSync(join(folder, file))), testRows, classes));
    } else if (kind.join('.') === 'predictions.gz') {
      const halves = halvesOf(readFileSync(join(folder, file)));
      let at = 0;
      const take = ([members, rows]) =>
        Array.from({ length: members }, () => {
          at += rows * classes;
          return fromFloat16(halves.subarray(at - rows * classes, at));
        });
      const entries = read('.predictions.json').map((entry) => ({
        ...entry,
        validation: take(entry.validation),
        test: take(entry.test),
      }));
      // What is computed of predictions is computed of snapshots, beside the others.
      if (!entries.some(({ settings }) => settings.method === 'snapshots')) continue;
      keepPredictions(group, classes, entries);
    } else continue;
    console.log(file);
  }
}

/** @param {Buffer} bytes @param {number} rows @param {number} classes @returns {import('./kept.mjs').Losses[]} */
function lossesOf(bytes, rows, classes) {
  const size = (classes === 1 ? 4 : 5) * rows;
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const own = bytes.subarray(i * size, (i + 1) * size);
    const halves = (at) =>
      fromFloat16(
        new Uint16Array(own.buffer.slice(own.byteOffset + at, own.byteOffset + at + 2 * rows)),
      );
    return {
      nllCalibrated: halves(0),
      [classes === 1 ? 'mse' : 'nll']: halves(2 * rows),
      ...(classes > 1 && { error: Float32Array.from(own.subarray(4 * rows)) }),
    };
  });
}

/** @param {Buffer} file */
function halvesOf(file) {
  return new Uint16Array(new Uint8Array(gunzipSync(file)).buffer);
}
