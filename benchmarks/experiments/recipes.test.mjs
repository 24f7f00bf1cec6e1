// @ts-check
import { expect, it } from 'vitest';
import { isSingle, recipeOf } from './recipes.mjs';

const budget = { epochs: 8, stepsPerEpoch: 10, rows: 640 };
const recipe = (/** @type {object} */ settings) =>
  recipeOf({ method: 'cosine', peak: 0.1, weightDecay: 0, ...settings }, budget);
const singles = ['cosine', 'steps', 'swa', 'ema', 'early-stop'];
const ensembles = ['snapshots', 'tails', 'csg-mcmc'];

it.each([...singles, ...ensembles])('%s: a rate for each step, none above its peak', (method) => {
  const { rates, kept } = recipe({ method });
  expect(rates).toHaveLength(80);
  expect(Math.max(...rates)).toBeCloseTo(0.1);
  expect(Math.min(...rates)).toBeGreaterThanOrEqual(0);
  expect(kept.at(-1)?.step).toBe(80);
  expect(isSingle(method)).toBe(singles.includes(method));
});

it.each([
  ['snapshots', { cycles: 4 }, [20, 40, 60, 80]],
  ['snapshots', { cycles: 3, first: 0.5 }, [40, 60, 80]],
  ['tails', { cycles: 2 }, [40, 80]],
])('%s %j keeps the ends of its cycles', (method, settings, steps) => {
  expect(recipe({ method, ...settings }).kept.map(({ step }) => step)).toEqual(steps);
});

it('starts the cycles after a long one at their own peak', () => {
  const { rates } = recipe({ method: 'snapshots', cycles: 3, first: 0.5, laterPeak: 0.25 });
  expect([rates[0], rates[40], rates[60]].map((rate) => Number(rate?.toFixed(6)))).toEqual([
    0.1, 0.025, 0.025,
  ]);
});

it('falls by steps at half and at three quarters', () => {
  const { rates } = recipe({ method: 'steps' });
  const at = [39, 40, 59, 60].map((step) => Number(rates[step]?.toFixed(6)));
  expect(at).toEqual([0.1, 0.01, 0.01, 0.001]);
});

/** The average of the steps' numbers that shares make, and how many steps are in it. @param {ArrayLike<number>} shares */
function averaged(shares) {
  let [average, count] = [0, 0];
  Array.from(shares).forEach((share, step) => {
    if (share === 1) [average, count] = [0, 0];
    if (share > 0) [average, count] = [average + share * (step - average), count + 1];
  });
  return [average, count];
}

it('swa averages the ends of the last epochs, each alike', () => {
  // The last quarter of 8 epochs: they end after steps 69 and 79.
  const [average, count] = averaged(recipe({ method: 'swa' }).shares ?? []);
  expect(count).toBe(2);
  expect(average).toBeCloseTo(74);
});

it('tails averages the last fifth of a cycle, each step alike', () => {
  const [average, count] = averaged(recipe({ method: 'tails', cycles: 2 }).shares ?? []);
  // Steps 73, 75, 77 and 79: two steps apart, back from the end.
  expect(count).toBe(4);
  expect(average).toBeCloseTo(76);
});

it('adds noise of √(2 · rate · T / rows) where samples are taken, and nowhere else', () => {
  const { rates, noise } = recipe({ method: 'csg-mcmc', cycles: 2, temperature: 0.5 });
  const steps = [...(noise ?? [])].flatMap((deviation, step) => (deviation > 0 ? [step] : []));
  expect(steps.length).toBeGreaterThan(0);
  expect(steps.length).toBeLessThan(80);
  for (const step of steps) expect(noise?.[step]).toBeCloseTo(Math.sqrt(rates[step] / 640), 6);
});

it('refuses a method that it does not have, with those that it has', () => {
  expect(() => recipe({ method: 'cosin' })).toThrow(/Methods: cosine, steps, swa/);
});
