// @ts-check
// `node benchmarks/experiments/select.mjs`: members and weights fitted on validation rows, with the single model as one more candidate.
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
import { readLabels, readPredictions } from './kept.mjs';
import { nameOf, settingsOf } from './pages/format.mjs';
import { results } from './results.mjs';
import { tasks } from './tasks.mjs';

const choices = /** @type {const} */ ({
  'all snapshots': { select: 'all', single: false },
  'greedily, with repeats': { select: { greedy: 10 }, single: false },
  'the worst dropped': { select: 'dropWorst', single: false },
  weights: { select: 'convexWeights', single: false },
  'all snapshots and the single model': { select: 'all', single: true },
  'greedily, the single model among them': { select: { greedy: 10 }, single: true },
  'weights, the single model among them': { select: 'convexWeights', single: true },
});

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(
    join(results, 'selection.json'),
    `${JSON.stringify(readdirSync(join(results, 'gpu')).sort().flatMap(selected))}\n`,
  );

/** What each choice gives, of one file of predictions; of another file nothing. @param {string} name */
export function selected(name) {
  if (!name.endsWith('.predictions.br')) return [];
  const file = name.replace('.predictions.br', '');
  const group = file.replace('-repeat', '');
  const task = tasks[group.replace(/-\d+$/, '')];
  const entries = readPredictions(file);
  const data = readLabels(task);
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

/** @param {readonly any[]} from @param {any} select @param {number} count of snapshots @param {import('./tasks.mjs').Task} task @param {ReturnType<typeof readLabels>} labels */
function scoresOf(from, select, count, { classes }, labels) {
  const part = (/** @type {'validation' | 'test'} */ name) => {
    const members = from.flatMap((entry) => entry[name]);
    return { members, rows: members[0].length / classes, classes };
  };
  const kind = classes === 1 ? 'regression' : 'logits';
  const policy = fitPolicy(part('validation'), labels.validation, { kind, select });
  const { outputs } = predictWithPolicy(policy, part('test'));
  const at = policy.members.indexOf(count);
  return {
    members: policy.members.length,
    singleWeight:
      from.length === 1 || at < 0 ? 0 : (policy.weights?.[at] ?? 1 / policy.members.length),
    scores:
      classes === 1
        ? { mse: mse(outputs, labels.test) }
        : {
            error: errorRate(outputs, labels.test),
            nllCalibrated: nll(outputs, labels.test),
          },
  };
}
