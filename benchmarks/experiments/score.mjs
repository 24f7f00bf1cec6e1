// @ts-check
// `node benchmarks/experiments/score.mjs`: scores of every run whose predictions are kept, by ensemble-math, as one JSON.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { readLabels, readRun } from './kept.mjs';
import { results } from './results.mjs';
import { tasks } from './tasks.mjs';

const kind = 'probabilities';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const scored = keptRuns().map(scoredRun);
  writeFileSync(join(results, 'tfjs.json'), `${JSON.stringify(scored, null, 1)}\n`);
  console.log(`${scored.length} runs scored`);
}

/** Names of the runs whose predictions are kept. */
export function keptRuns() {
  return readdirSync(join(results, 'runs'))
    .filter((name) => name.endsWith('.br'))
    .map((name) => name.replace('.br', ''))
    .sort();
}

/** The facts and scores of one run. @param {string} id */
export function scoredRun(id) {
  const run = JSON.parse(readFileSync(join(results, 'runs', `${id}.json`), 'utf8'));
  const { task, epochs, seed, settings, seconds, versions } = run;
  const scores = scoresOf(readRun(id), run.classes, readLabels(tasks[task]));
  return { task, epochs, seed, settings, members: run.members.length, seconds, versions, scores };
}

/** @param {Record<string, Float32Array[]>} members @param {number} classes @param {ReturnType<typeof readLabels>} labels */
function scoresOf(members, classes, labels) {
  if (classes === 1) return { mse: round(mse(meanOf(members.test, 1), labels.test)) };
  const probabilities = (part) =>
    members[part].map(
      (values) => softmax({ data: values, rows: values.length / classes, classes }).data,
    );
  const [validation, test] = ['validation', 'test'].map((part) =>
    meanOf(probabilities(part), classes),
  );
  const temperature = fitTemperature(validation, labels.validation, { kind });
  const calibrated = applyTemperature(test, temperature, { kind });
  const unknown = Object.keys(members).filter((part) => part.startsWith('unknown:'));
  return {
    error: round(errorRate(test, labels.test)),
    nll: round(nll(test, labels.test)),
    nllCalibrated: round(nll(calibrated, labels.test)),
    temperature: round(temperature),
    ece: round(ece(test, labels.test)),
    eceCalibrated: round(ece(calibrated, labels.test)),
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
