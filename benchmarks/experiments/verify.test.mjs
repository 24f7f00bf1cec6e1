// @ts-check
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readLosses } from './kept.mjs';
import { loadGroup, results } from './results.mjs';
import { scoredRun } from './score.mjs';
import { groupFaults } from './verify.mjs';

// All of them: npm run experiments -- --verify
const GROUP = 'fashion-cnn-8';
const RUNS = [
  'diamonds-mlp_60_snapshots_cycles-3_peak-0.03_weightDecay-0.0001_seed-0',
  'letters-mlp_100_cosine_peak-0.2_weightDecay-0.0001_seed-0',
];

it('means and comparisons of the networks are those of the losses kept', () => {
  expect(groupFaults(GROUP)).toEqual([]);
});

it('finds one row that was wrong and is kept as right', () => {
  const losses = readLosses(GROUP);
  losses[0].error[losses[0].error.indexOf(1)] = 0;
  expect(groupFaults(GROUP, loadGroup(GROUP), losses).join()).toContain('error is');
});

it('finds a digit that was changed in what is published', () => {
  const group = loadGroup(GROUP);
  group.comparisons[0].nllCalibrated.gain += 0.001;
  expect(groupFaults(GROUP, group)).toHaveLength(1);
});

it.each(RUNS)('the scores of %s are those of its predictions', (id) => {
  const { scores, ...facts } = scoredRun(id);
  const published = JSON.parse(readFileSync(`${results}tfjs.json`, 'utf8')).find(
    (/** @type {any} */ run) =>
      run.task === facts.task &&
      run.seed === facts.seed &&
      JSON.stringify(run.settings) === JSON.stringify(facts.settings),
  );
  expect(published.scores).toEqual(scores);
});
