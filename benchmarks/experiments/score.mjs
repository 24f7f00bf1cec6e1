// @ts-check
// `node benchmarks/experiments/score.mjs [RUNS]`: scores of every run whose predictions are there, by ensemble-math, as one JSON.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  applyTemperature,
  auroc,
  ece,
  energy,
  errorRate,
  fitTemperature,
  mse,
  nll,
  softmax,
  uncertainty,
} from '@snapshot-ensemble/ensemble-math';
import { loadParts } from './data/load.mjs';
import { fromFloat16 } from './float16.mjs';
import { tasks } from './tasks.mjs';

const results = fileURLToPath(new URL('../results/', import.meta.url));
const folder = process.argv[2] ?? join(results, 'runs');
const kind = 'probabilities';
/** @type {Map<string, Record<string, import('./data/load.mjs').Part>>} */
const parts = new Map();
const scored = [];
for (const file of readdirSync(folder).filter(
  (name) => name.endsWith('.json') && name.includes('seed-'),
)) {
  const run = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const predictions = join(folder, file.replace('.json', '.f16.gz'));
  if (!existsSync(predictions)) continue;
  if (!parts.has(run.task))
    parts.set(
      run.task,
      loadParts(fileURLToPath(new URL('.data', import.meta.url)), tasks[run.task]),
    );
  const { task, epochs, seed, settings, seconds, versions } = run;
  scored.push({
    task,
    epochs,
    seed,
    settings,
    members: run.members.length,
    seconds,
    versions,
    scores: scoresOf(run, readFileSync(predictions), parts.get(task)),
  });
}
writeFileSync(join(results, 'tfjs.json'), `${JSON.stringify(scored, null, 1)}\n`);
console.log(`${scored.length} runs scored`);

/** @param {any} run @param {Buffer} file @param {Record<string, import('./data/load.mjs').Part>} data */
function scoresOf({ classes, predictions }, file, data) {
  const halves = new Uint16Array(new Uint8Array(gunzipSync(file)).buffer);
  const members = Object.fromEntries(
    predictions.map(({ part, members: count, rows, offset }) => [
      part,
      Array.from({ length: count }, (_, i) =>
        fromFloat16(
          halves.subarray(offset + i * rows * classes, offset + (i + 1) * rows * classes),
        ),
      ),
    ]),
  );
  const labels = (part) => data[part].labels ?? [];
  if (classes === 1) return { mse: round(mse(meanOf(members.test, 1), labels('test'))) };
  const probabilities = (part) =>
    members[part].map(
      (values) => softmax({ data: values, rows: values.length / classes, classes }).data,
    );
  const [validation, test] = ['validation', 'test'].map((part) =>
    meanOf(probabilities(part), classes),
  );
  const temperature = fitTemperature(validation, labels('validation'), { kind });
  const calibrated = applyTemperature(test, temperature, { kind });
  const unknown = Object.keys(members).filter((part) => part.startsWith('unknown:'));
  return {
    error: round(errorRate(test, labels('test'))),
    nll: round(nll(test, labels('test'))),
    nllCalibrated: round(nll(calibrated, labels('test'))),
    temperature: round(temperature),
    ece: round(ece(test, labels('test'))),
    eceCalibrated: round(ece(calibrated, labels('test'))),
    ...Object.fromEntries(unknown.flatMap((part) => found(part, members, probabilities, classes))),
  };
}

/** AUROC of each score that tells the unknown inputs from as many known ones. */
function found(part, members, probabilities, classes) {
  const rows = Math.min(members[part][0].length, 5000 * classes) / classes;
  const cut = (all) => ({
    members: all.map((values) => values.subarray(0, rows * classes)),
    rows,
    classes,
  });
  const entropies = (name) => uncertainty(cut(probabilities(name)), { kind });
  const isUnknown = [...Array(rows).fill(0), ...Array(rows).fill(1)];
  const by = (score, of) => [
    `${part}.${score}`,
    round(auroc([...of('test'), ...of(part)], isUnknown)),
  ];
  return [
    by('entropy', (name) => entropies(name).predictiveEntropy),
    by('energy', (name) => energy(cut(members[name]))),
    ...(members[part].length > 1
      ? [by('mutualInformation', (name) => entropies(name).mutualInformation)]
      : []),
  ];
}

/** @param {readonly (Float32Array | Float64Array)[]} members @param {number} classes */
function meanOf(members, classes) {
  const data = new Float64Array(members[0].length);
  for (const values of members)
    for (let i = 0; i < data.length; i++) data[i] += values[i] / members.length;
  return { data, rows: data.length / classes, classes };
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(5));
}
