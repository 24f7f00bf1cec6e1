import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import {
  anneal,
  constant,
  cyclesOf,
  describe as describePlan,
  equalCycles,
  join,
  linear,
  oneCycle,
  scale,
  triangular,
  warmup,
} from './index.ts';

const first = (count: number): number[] => Array.from({ length: count }, (_, step) => step);

test.prop([fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })])(
  'join gives each schedule its own step 0',
  (lengths) => {
    const joined = join(
      lengths.map((steps, index) => ({ schedule: (step) => index * 100 + step, steps })),
    );
    const expected = lengths.flatMap((steps, index) =>
      first(steps).map((step) => index * 100 + step),
    );
    expect(first(expected.length).map(joined)).toEqual(expected);
    expect(() => joined(expected.length)).toThrow(RangeError);
  },
);

it('join lets the last schedule go on', () => {
  const joined = join([{ schedule: constant(1), steps: 2 }, { schedule: constant(2) }]);
  expect([0, 1, 2, 1e9].map(joined)).toEqual([1, 1, 2, 2]);
});

test.prop([
  fc.integer({ min: 1, max: 40 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom('inside', 'before'),
])('warmup is continuous where it meets the schedule', (steps, from, placement) => {
  const inner = anneal(equalCycles({ totalSteps: 100, cycles: 2 }), { lrInit: 1, curve: linear });
  const warm = warmup(inner, { steps, from, placement });
  expect(warm(0)).toBe(from);
  const seam = inner(placement === 'inside' ? steps : 0);
  expect(warm(steps)).toBe(seam);
  // The line through the warm-up's last two points meets the schedule.
  const slope = (seam - from) / steps;
  expect(warm(steps - 1)).toBeCloseTo(seam - slope, 12);
});

it('warmup inside keeps the budget, before makes it longer', () => {
  const inner = anneal(equalCycles({ totalSteps: 10, cycles: 1 }), { lrInit: 1, curve: linear });
  const inside = warmup(inner, { steps: 2 });
  const before = warmup(inner, { steps: 2, placement: 'before' });
  expect([0, 1, 2, 9].map(inside)).toEqual([0, 0.4, 0.8, inner(9)]);
  expect([0, 1, 2, 11].map(before)).toEqual([0, 0.5, 1, inner(9)]);
  expect(() => inside(10)).toThrow(RangeError);
  expect(() => before(12)).toThrow(RangeError);
});

it('scale multiplies', () => {
  expect(scale(constant(0.1), 4)(7)).toBe(0.4);
});

it('triangular starts at either end and halves', () => {
  const shape = { lrMin: 1, lrMax: 3, stepsUp: 2 };
  expect(first(6).map(triangular(shape))).toEqual([1, 2, 3, 2, 1, 2]);
  expect(first(6).map(triangular({ ...shape, startAt: 'lrMax' }))).toEqual([3, 2, 1, 2, 3, 2]);
  const halved = triangular({ ...shape, heightMultiplier: 0.5 });
  expect([2, 6, 10].map(halved)).toEqual([3, 2, 1.5]);
  expect([2, 6].map(triangular({ ...shape, heightMultiplierPerStep: 0.5 }))).toEqual([
    1.5,
    1 + 2 / 64,
  ]);
});

it('oneCycle rises to lrMax once and falls to lrEnd', () => {
  const schedule = oneCycle({ totalSteps: 101, lrMax: 1, rise: 0.25 });
  const values = first(101).map(schedule);
  expect(values[0]).toBe(0.04);
  expect(values.indexOf(Math.max(...values))).toBe(25);
  expect(values[25]).toBe(1);
  expect(values[100]).toBeCloseTo(0.04 / 10_000, 18);
});

it('describe gives a row per cycle', () => {
  const plan = cyclesOf([4, 2]);
  const schedule = warmup(anneal(plan, { lrInit: 1, curve: linear }), { steps: 2 });
  expect(describePlan(plan, schedule)).toEqual([
    { index: 0, start: 0, end: 4, length: 4, lrMax: 0.5, lrEnd: 0.25 },
    { index: 1, start: 4, end: 6, length: 2, lrMax: 1, lrEnd: 0.5 },
  ]);
});
