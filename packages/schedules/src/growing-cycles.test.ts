import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { growingCycles } from './index.ts';

const lengthsOf = (plan: ReturnType<typeof growingCycles>): number[] =>
  plan.cycles.map(({ start, end }) => end - start);

describe('growingCycles', () => {
  it.each([
    // Exact restarts that closed forms with logarithms miss: 1210 is 10 · (3⁵ − 1) / 2.
    [3640, 10, 3, [10, 30, 90, 270, 810, 2430]],
    [11110, 10, 10, [10, 100, 1000, 10000]],
    [70, 10, 2, [10, 20, 40]],
    [30, 10, 1, [10, 10, 10]],
    // 10, 15, 22.5, 33.75 rounded at their ends: 10, 25, 47.5, 81.25.
    [81, 10, 1.5, [10, 15, 23, 33]],
    [175, 100, 0.5, [100, 50, 25]],
  ])(
    'tiles %i steps from cycleLength %i, multiplier %f',
    (totalSteps, cycleLength, cycleLengthMultiplier, lengths) => {
      const plan = growingCycles({
        totalSteps,
        cycleLength,
        cycleLengthMultiplier,
        onRemainder: 'refuse',
      });
      expect(lengthsOf(plan)).toEqual(lengths);
    },
  );

  it.each([
    ['as a last cycle, from half the one before it on', 40, [10, 20, 10]],
    ['as a longer last cycle, below half the one before it', 39, [10, 29]],
    ['as a longer last cycle, if it is one step', 31, [10, 21]],
    ['as the only cycle, below cycleLength', 7, [7]],
  ])('fits the remainder %s', (_, totalSteps, lengths) => {
    const plan = growingCycles({ totalSteps, cycleLength: 10, cycleLengthMultiplier: 2 });
    expect(lengthsOf(plan)).toEqual(lengths);
  });

  test.prop([
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 1, max: 500 }),
    fc.double({ min: 1, max: 4, noNaN: true }),
  ])('tiles the budget and ends annealed', (totalSteps, cycleLength, cycleLengthMultiplier) => {
    const plan = growingCycles({ totalSteps, cycleLength, cycleLengthMultiplier });
    const lengths = lengthsOf(plan);
    let sum = 0;
    let exact = cycleLength;
    for (const [index, cycle] of plan.cycles.entries()) {
      expect(cycle).toMatchObject({ index, start: sum });
      sum = cycle.end;
      const isLast = index === lengths.length - 1;
      if (!isLast) expect(Math.abs(lengths[index]! - exact)).toBeLessThanOrEqual(1);
      exact *= cycleLengthMultiplier;
    }
    expect(sum).toBe(totalSteps);
    const before = lengths.at(-2);
    if (before !== undefined) expect(lengths.at(-1)).toBeGreaterThanOrEqual(before / 2);
  });

  it('takes fractional epochs, as the Python library does', () => {
    const plan = growingCycles({
      totalEpochs: 250,
      stepsPerEpoch: 4,
      cycleLength: 2.5,
      cycleLengthMultiplier: 1.5,
    });
    expect(plan.cycles.slice(0, 3).map(({ end }) => end / 4)).toEqual([2.5, 6.25, 12]);
    expect(plan.totalSteps).toBe(1000);
  });

  it('restarts where the figures of the Python library should', () => {
    const plan = growingCycles({
      totalEpochs: 500,
      stepsPerEpoch: 200,
      cycleLength: 20,
      cycleLengthMultiplier: 1.5,
    });
    expect(plan.cycles.slice(1).map(({ start }) => start / 200)).toEqual([
      20, 50, 95, 162.5, 263.75, 415.625,
    ]);
  });

  it('names the nearest budgets that fit', () => {
    expect(() =>
      growingCycles({
        totalEpochs: 60,
        stepsPerEpoch: 4,
        cycleLength: 10,
        cycleLengthMultiplier: 1.5,
        onRemainder: 'refuse',
      }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: growingCycles: a budget of 60 epochs leaves 50 steps after the last whole cycle. Nearest that fit: 47.5 or 81.25 epochs. Or let the last cycle take the rest: onRemainder: 'fit'.]`,
    );
    expect(() =>
      growingCycles({
        totalSteps: 5,
        cycleLength: 10,
        cycleLengthMultiplier: 2,
        onRemainder: 'refuse',
      }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: growingCycles: a budget of 5 steps leaves 5 steps after the last whole cycle. Nearest that fit: 10 steps. Or let the last cycle take the rest: onRemainder: 'fit'.]`,
    );
  });
});
