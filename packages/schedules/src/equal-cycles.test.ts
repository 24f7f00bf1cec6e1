import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { equalCycles, type CyclePlan } from './index.ts';

/** What makes a plan one of exactly `cycles` equal cycles; the complaint, or undefined. */
function complaint(plan: CyclePlan, totalSteps: number, cycles: number): string | undefined {
  if (plan.cycles.length !== cycles) return 'wrong number of cycles';
  let end = 0;
  let shortest = Infinity;
  let longest = 0;
  for (const [index, cycle] of plan.cycles.entries()) {
    if (cycle.index !== index || cycle.start !== end || cycle.end <= cycle.start)
      return 'no tiling';
    end = cycle.end;
    shortest = Math.min(shortest, cycle.end - cycle.start);
    longest = Math.max(longest, cycle.end - cycle.start);
  }
  if (end !== totalSteps || plan.totalSteps !== totalSteps) return 'wrong budget';
  return longest - shortest > 1 ? 'uneven' : undefined;
}

describe('equalCycles', () => {
  it('gives the paper’s cycles where they divide the budget', () => {
    const plan = equalCycles({ totalSteps: 300, cycles: 6 });
    expect(plan.cycles.map(({ start }) => start)).toEqual([0, 50, 100, 150, 200, 250]);
  });

  // Budgets that the paper's code, titu1994 and TorchEnsemble get wrong or refuse.
  it.each([
    [200, 6, [33, 33, 34, 33, 33, 34]],
    [300, 7, [42, 43, 43, 43, 43, 43, 43]],
    [10, 4, [2, 3, 2, 3]],
    [5, 5, [1, 1, 1, 1, 1]],
  ])('splits %i steps into %i cycles', (totalSteps, cycles, lengths) => {
    const plan = equalCycles({ totalSteps, cycles });
    expect(plan.cycles.map(({ start, end }) => end - start)).toEqual(lengths);
  });

  it('tiles every budget up to 2,000 steps with exactly as many equal cycles as asked, up to 40', () => {
    for (let totalSteps = 1; totalSteps <= 2000; totalSteps += 1) {
      for (let cycles = 1; cycles <= Math.min(40, totalSteps); cycles += 1) {
        const found = complaint(equalCycles({ totalSteps, cycles }), totalSteps, cycles);
        if (found !== undefined) expect.fail(`${found}: ${totalSteps} steps, ${cycles} cycles`);
      }
    }
  });

  test.prop([
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fc.integer({ min: 1, max: 500 }),
  ])('stays exact up to 2⁵³ steps', (totalSteps, cycles) => {
    fc.pre(cycles <= totalSteps);
    expect(complaint(equalCycles({ totalSteps, cycles }), totalSteps, cycles)).toBeUndefined();
  });

  it('is judged by laws that catch ⌊T/M⌋ cycles', () => {
    const floored = equalCycles({ totalSteps: 12, cycles: 6 });
    expect(complaint(floored, 13, 6)).toBe('wrong budget');
    expect(complaint({ ...floored, totalSteps: 13 }, 13, 6)).toBe('wrong budget');
    expect(complaint(equalCycles({ totalSteps: 13, cycles: 7 }), 13, 6)).toBe(
      'wrong number of cycles',
    );
  });

  it('counts a budget in epochs', () => {
    expect(equalCycles({ totalEpochs: 10, stepsPerEpoch: 3, cycles: 4 })).toEqual(
      equalCycles({ totalSteps: 30, cycles: 4 }),
    );
  });
});
