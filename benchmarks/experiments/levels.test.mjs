// @ts-check
import { expect, it } from 'vitest';
import { seeded } from './data/random.mjs';
import {
  packBits,
  packLosses,
  packProbabilities,
  unpackBits,
  unpackLosses,
  unpackProbabilities,
} from './levels.mjs';

const CLASSES = 4;
const ROWS = 3;

/** @param {ArrayLike<number>} values @param {number} row */
const softmax = (values, row) => {
  const own = Array.from(values).slice(row * CLASSES, (row + 1) * CLASSES);
  const powers = own.map((value) => Math.exp(value - Math.max(...own)));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
};
const meanOf = (/** @type {readonly ArrayLike<number>[]} */ all, /** @type {number} */ row) =>
  all
    .map((values) => softmax(values, row))
    .reduce((sum, own) => sum.map((value, k) => value + own[k]));
const choice = (/** @type {readonly number[]} */ values) => values.indexOf(Math.max(...values));

it.each([1, 2, 5])(
  'keeps what each of %i members and their mean choose, and the probabilities nearly',
  (count) => {
    const random = seeded(count);
    for (let draw = 0; draw < 200; draw++) {
      const scale = 60 * random();
      const all = Array.from({ length: count }, () =>
        Float64Array.from({ length: ROWS * CLASSES }, () => scale * (random() - 0.5)),
      );
      const kept = unpackProbabilities(packProbabilities(all, CLASSES), count, CLASSES);
      all.forEach((values, member) => {
        for (let row = 0; row < ROWS; row++) {
          const exact = softmax(values, row);
          const own = softmax(kept[member], row);
          expect(choice(own)).toBe(choice(exact));
          // Half a level of the fourth root, or what it moved so that the mean keeps its choice.
          own.forEach((value, k) => expect(Math.abs(value - exact[k])).toBeLessThan(0.02));
        }
      });
      for (let row = 0; row < ROWS; row++)
        expect(choice(meanOf(kept, row))).toBe(choice(meanOf(all, row)));
    }
  },
);

it('keeps probabilities to a hundredth where nothing has to move', () => {
  const values = Float64Array.of(0, 1, -2, -9, 5, 0, 0, 0, -12, 3, 2.5, 1);
  const [kept] = unpackProbabilities(packProbabilities([values], CLASSES), 1, CLASSES);
  for (let row = 0; row < 3; row++)
    softmax(kept, row).forEach((value, k) =>
      expect(Math.abs(value - softmax(values, row)[k])).toBeLessThan(0.01),
    );
});

it('keeps the mean of losses, of either sign', () => {
  const losses = [3, 8].map((power) =>
    Float64Array.from({ length: 5000 }, (_, i) => (((i * 7919) % 5000) / 5000) ** power * 9 - 0.4),
  );
  const kept = unpackLosses(packLosses(losses), losses.length);
  const mean = (/** @type {Float64Array} */ values) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  losses.forEach((own, i) => {
    expect(mean(kept[i])).toBeCloseTo(mean(own), 4);
    own.forEach((loss, row) => expect(Math.abs(kept[i][row] - loss)).toBeLessThan(0.15));
  });
});

it('keeps bits', () => {
  const bits = [
    [0, 1, 1],
    [1, 1, 0],
    [0, 0, 0],
  ];
  expect(unpackBits(packBits(bits), 3, 3).map((own) => [...own])).toEqual(bits);
});
