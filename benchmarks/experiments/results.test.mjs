// @ts-check
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { outcomeOf } from './pages/format.mjs';
import { best, families, independentLosses, mean, overSeeds, results } from './results.mjs';
import { resultsPage } from './tables.mjs';

const config = (
  /** @type {string} */ method,
  /** @type {(number | null)[]} */ losses,
  members = 1,
) => ({
  settings: { method, peak: 0.1, weightDecay: 0 },
  members,
  all: true,
  seeds: losses.map((_, seed) => seed),
  scores: { 'validation.nllCalibrated': losses, nllCalibrated: losses },
});

it('the page of results is what the results give: run node benchmarks/experiments/tables.mjs', () => {
  expect(readFileSync(`${results}README.md`, 'utf8')).toBe(resultsPage());
});

it('never chooses a configuration of which a seed diverged', () => {
  const diverged = config('cosine', [-9, null]);
  const sound = config('cosine', [0.3, 0.5]);
  expect(mean([1, null])).toBeNaN();
  expect(best([diverged, sound], () => true)).toBe(sound);
  expect(families([diverged, sound])).toEqual([sound]);
});

it('counts independent networks from one on, up to the last size that there is', () => {
  const configs = [
    config('cosine', [0.4]),
    config('deep-ensemble', [0.3], 2),
    config('deep-ensemble', [0.1], 4),
  ];
  expect(independentLosses(/** @type {any} */ ({ configs }))).toEqual([0.4, 0.3]);
});

it.each([
  [
    [
      [0.1, 0.2],
      [0.05, 0.3],
    ],
    'better',
  ],
  [
    [
      [0.1, 0.2],
      [-0.05, 0.3],
    ],
    'no clear difference',
  ],
  [
    [
      [-0.2, -0.1],
      [-0.3, -0.05],
    ],
    'worse',
  ],
  [[[0.1, 0.2], undefined], 'one seed'],
])('%j: %s', (intervals, outcome) => {
  expect(outcomeOf(intervals)).toBe(outcome);
});

it('has the interval of Student for a few seeds', () => {
  // R: t.test(c(1, 2, 3))$conf.int
  const [low, high] = overSeeds([1, 2, 3]);
  expect([low, high].map((bound) => bound.toFixed(3))).toEqual(['-0.484', '4.484']);
});
