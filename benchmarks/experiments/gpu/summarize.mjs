// @ts-check
// `node benchmarks/experiments/gpu/summarize.mjs RAW`: what `sweep.py` left as one small JSON for each group, with paired intervals
// of the losses that keep.mjs kept.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLosses } from '../kept.mjs';
import { isSingle } from '../recipes.mjs';
import { compared, mean } from './compared.mjs';

const raw = process.argv[2];
if (raw === undefined) throw new RangeError('Usage: node summarize.mjs RAW');
const out = fileURLToPath(new URL('../../results/gpu', import.meta.url));
mkdirSync(out, { recursive: true });

for (const file of readdirSync(raw).filter(
  (name) => name.endsWith('.json') && !/seed-|predictions/.test(name),
)) {
  const { contestants, ...facts } = JSON.parse(readFileSync(join(raw, file), 'utf8'));
  const configs = groupBy(contestants, ({ settings, members }) =>
    JSON.stringify([settings, members]),
  );
  const kept = readLosses(file.replace('.json', ''));
  const summary = configs.map((runs) => summaryOf(runs));
  const families = bestOfFamilies(configs.filter(([{ all }]) => all));
  const losses = (runs) => runs.map(({ rows }) => kept[rows]);
  const rivals = families.filter(
    ([{ settings }]) => isSingle(settings.method) && settings.method !== 'deep-ensemble',
  );
  const rival = rivals.sort((a, b) => validationOf(a) - validationOf(b))[0];
  const comparisons = families
    .filter((runs) => runs !== rival && rival !== undefined && runs[0].rows !== undefined)
    .map((runs) => ({
      settings: runs[0].settings,
      members: runs[0].members,
      ...compared(losses(runs), losses(rival)),
    }));
  const result = { ...facts, rival: rival?.[0].settings, configs: summary, comparisons };
  writeFileSync(join(out, file), `${JSON.stringify(result)}\n`);
  console.log(`${file}: ${summary.length} configurations, ${comparisons.length} comparisons`);
}

/** Settings, seeds and, for each score, its value for each seed. @param {any[]} runs */
function summaryOf(runs) {
  const names = Object.keys(runs[0].scores);
  return {
    settings: runs[0].settings,
    members: runs[0].members,
    all: runs[0].all,
    seeds: runs.map(({ seed }) => seed),
    // Which of the contestants in `<group>.rows.br`.
    ...(runs[0].rows !== undefined && { rows: runs.map(({ rows }) => rows) }),
    scores: Object.fromEntries(
      names.map((name) => [
        name,
        runs.map(({ scores }) => Number(scores[name]?.toPrecision(4) ?? NaN)),
      ]),
    ),
  };
}

/** The best configuration of each method and number of members, by validation. @param {any[][]} configs */
function bestOfFamilies(configs) {
  const families = groupBy(configs, ([{ settings, members }]) =>
    JSON.stringify([settings.method, members, settings.first, settings.temperature]),
  );
  return families.map((candidates) =>
    candidates.reduce((best, runs) => (validationOf(runs) < validationOf(best) ? runs : best)),
  );
}

/** @param {any[]} runs */
function validationOf(runs) {
  // A run that diverged has no number.
  return mean(runs.map(({ scores }) => scores['validation.nllCalibrated'] ?? Infinity));
}

/** @template T @param {readonly T[]} items @param {(item: T) => string} key @returns {T[][]} */
function groupBy(items, key) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}
