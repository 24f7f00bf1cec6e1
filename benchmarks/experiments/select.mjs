// @ts-check
// `node benchmarks/experiments/select.mjs RAW`: members and weights fitted on validation rows, with the single model as one more candidate.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  errorRate,
  fitPolicy,
  mse,
  nll,
  predictWithPolicy,
} from '@snapshot-ensemble/ensemble-math';
import { loadParts } from './data/load.mjs';
import { nameOf, settingsOf } from './pages/format.mjs';
import { readPredictions } from './predictions.mjs';
import { results } from './results.mjs';
import { tasks } from './tasks.mjs';

const raw = process.argv[2];
if (raw === undefined) throw new RangeError('Usage: node select.mjs RAW');

const choices = /** @type {const} */ ({
  'all snapshots': { select: 'all', single: false },
  'greedily, with repeats': { select: { greedy: 10 }, single: false },
  'the worst dropped': { select: 'dropWorst', single: false },
  weights: { select: 'convexWeights', single: false },
  'all snapshots and the single model': { select: 'all', single: true },
  'greedily, the single model among them': { select: { greedy: 10 }, single: true },
  'weights, the single model among them': { select: 'convexWeights', single: true },
});

const rows = readdirSync(raw)
  .filter((name) => name.endsWith('.predictions.json'))
  .flatMap((name) => fitted(name.replace('.predictions.json', '')));
writeFileSync(join(results, 'selection.json'), `${JSON.stringify(rows)}\n`);

/** @param {string} file */
function fitted(file) {
  const group = file.replace('-repeat', '');
  const task = tasks[group.replace(/-\d+$/, '')];
  const entries = readPredictions(raw, file, task.classes);
  const data = loadParts(fileURLToPath(new URL('.data', import.meta.url)), task);
  const seeds = [...new Set(entries.map(({ seed }) => seed))];
  const snapshots = entries.filter(({ settings }) => settings.method === 'snapshots');
  // The best by validation of those that end with one network is the first that is no mere cosine.
  const singles = entries.filter(({ settings }) => settings.method !== 'snapshots');
  const single = singles.find(({ settings }) => settings.method !== 'cosine') ?? singles[0];
  if (snapshots.length === 0 || single === undefined) return [];
  return seeds.flatMap((seed) => {
    const ours = snapshots.find((entry) => entry.seed === seed);
    const theirs = singles.find(
      (entry) => entry.seed === seed && entry.settings.method === single.settings.method,
    );
    if (ours === undefined || theirs === undefined) return [];
    console.log(`${group}, seed ${seed}`);
    return [
      { choice: 'the single model alone', select: 'all', members: [theirs] },
      ...Object.entries(choices).map(([choice, { select, single: withSingle }]) => ({
        choice,
        select,
        members: withSingle ? [ours, theirs] : [ours],
      })),
    ].map(({ choice, select, members }) => ({
      group,
      seed,
      snapshots: `${nameOf(ours.settings, ours.validation.length)}, ${settingsOf(ours.settings)}`,
      single: `${nameOf(theirs.settings, 1)}, ${settingsOf(theirs.settings)}`,
      choice,
      ...scoresOf(members, select, ours.validation.length, task, data),
    }));
  });
}

/** @param {readonly any[]} from @param {any} select @param {number} count of snapshots @param {import('./tasks.mjs').Task} task @param {Record<string, import('./data/load.mjs').Part>} data */
function scoresOf(from, select, count, { classes }, { validation, test }) {
  const part = (/** @type {'validation' | 'test'} */ name) => {
    const members = from.flatMap((entry) => entry[name]);
    return { members, rows: members[0].length / classes, classes };
  };
  const kind = classes === 1 ? 'regression' : 'logits';
  const policy = fitPolicy(part('validation'), validation.labels ?? [], { kind, select });
  const { outputs } = predictWithPolicy(policy, part('test'));
  const at = policy.members.indexOf(count);
  return {
    members: policy.members.length,
    singleWeight:
      from.length === 1 || at < 0 ? 0 : (policy.weights?.[at] ?? 1 / policy.members.length),
    scores:
      classes === 1
        ? { mse: mse(outputs, test.labels ?? []) }
        : {
            error: errorRate(outputs, test.labels ?? []),
            nllCalibrated: nll(outputs, test.labels ?? []),
          },
  };
}
