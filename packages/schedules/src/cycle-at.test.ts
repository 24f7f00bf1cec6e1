import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { cycleAt, cyclesOf, delayed, equalCycles } from './index.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 });

test.prop([lengths])('cycleAt finds the cycle of every step', (each) => {
  const plan = cyclesOf(each);
  for (const cycle of plan.cycles) {
    for (let step = cycle.start; step < cycle.end; step += 1)
      expect(cycleAt(plan, step)).toBe(cycle);
  }
});

test.prop([lengths])('cyclesOf keeps the lengths', (each) => {
  const plan = cyclesOf(each);
  expect(plan.cycles.map(({ start, end }) => end - start)).toEqual(each);
  expect(plan.totalSteps).toBe(each.reduce((sum, length) => sum + length, 0));
});

it('delayed lengthens the first cycle', () => {
  expect(delayed(equalCycles({ totalSteps: 30, cycles: 3 }), 5)).toEqual(cyclesOf([15, 10, 10]));
});
