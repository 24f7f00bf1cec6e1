// @ts-check
// `node benchmarks/experiments/gpu/summarize.mjs RAW`: what `sweep.py` left as one small JSON for each group, with paired intervals.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { fromFloat16 } from '../float16.mjs';
import { isSingle } from '../recipes.mjs';

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
  const rows = gunzipSync(readFileSync(join(raw, file.replace('.json', '.rows.gz'))));
  const summary = configs.map((runs) => summaryOf(runs));
  const families = bestOfFamilies(configs.filter(([{ all }]) => all));
  const losses = (runs) => runs.map((run) => lossesOf(rows, run.rows, facts.testRows, facts.task));
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

/** Losses of single test rows: calibrated, raw, and whether it is an error. */
function lossesOf(bytes, index, rows, task) {
  const isRegression = task.startsWith('diamonds');
  const size = isRegression ? 4 * rows : 5 * rows;
  const own = bytes.subarray(index * size, (index + 1) * size);
  const halves = (at) =>
    fromFloat16(
      new Uint16Array(own.buffer.slice(own.byteOffset + at, own.byteOffset + at + 2 * rows)),
    );
  return {
    nllCalibrated: halves(0),
    [isRegression ? 'mse' : 'nll']: halves(2 * rows),
    ...(!isRegression && { error: Float32Array.from(own.subarray(4 * rows)) }),
  };
}

/**
 * Gains (the rival's loss − this one's), paired by seed and row, with two 95 % intervals: over rows, of the mean over
 * seeds, and over seeds, by Student's t.
 */
function compared(ours, theirs) {
  const pairs = Math.min(ours.length, theirs.length);
  return Object.fromEntries(
    Object.keys(ours[0]).map((measure) => {
      const gains = Array.from({ length: pairs }, (_, i) =>
        theirs[i][measure].map((loss, row) => loss - ours[i][measure][row]),
      );
      const bySeed = gains.map((rows) => mean(rows));
      const byRow = gains[0].map((_, row) => mean(gains.map((rows) => rows[row])));
      return [
        measure,
        {
          gain: round(mean(bySeed)),
          overRows: interval(byRow, 1.96),
          ...(pairs > 1 && { overSeeds: interval(bySeed, studentOf(pairs - 1)) }),
        },
      ];
    }),
  );
}

/** 97.5 % quantile of Student's t, up to 7 degrees of freedom. @param {number} freedom */
function studentOf(freedom) {
  return [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365][freedom - 1];
}

/** @param {ArrayLike<number>} values @param {number} quantile */
function interval(values, quantile) {
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - centre) ** 2;
  const reach = quantile * Math.sqrt(squares / (values.length - 1) / values.length);
  return [round(centre - reach), round(centre + reach)];
}

/** @param {ArrayLike<number>} values */
function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}

/** @template T @param {readonly T[]} items @param {(item: T) => string} key @returns {T[][]} */
function groupBy(items, key) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}
