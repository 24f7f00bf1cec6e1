import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { anneal, cosine, cyclesOf, equalCycles, exponential, linear, type Curve } from './index.ts';

const monotone: Curve[] = [cosine, linear, exponential(0.1)];
const plans = fc
  .array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 })
  .map((lengths) => cyclesOf(lengths));
const bounds = fc
  .record({
    lrInit: fc.double({ min: 1e-8, max: 10, noNaN: true }),
    floor: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1, noNaN: true })),
    lrMultiplier: fc.double({ min: 0.5, max: 2, noNaN: true }),
    curve: fc.constantFrom(...monotone),
    endpoint: fc.constantFrom('open', 'closed'),
  })
  .map(({ floor, ...rest }) => ({
    ...rest,
    lrMin: floor * rest.lrInit,
    lrMinMultiplier: rest.lrMultiplier,
  }));

describe('anneal', () => {
  it('follows eq. 2 of Huang et al. 2017', () => {
    const schedule = anneal(equalCycles({ totalSteps: 8, cycles: 2 }), { lrInit: 0.2 });
    const cycle = [0.2, 0.1 * (1 + Math.SQRT1_2), 0.1, 0.1 * (1 - Math.SQRT1_2)];
    for (const [step, learningRate] of [...cycle, ...cycle].entries()) {
      expect(schedule(step)).toBeCloseTo(learningRate, 15);
    }
  });

  it('ends a cycle near lrMin, the closer the more steps it has', () => {
    const lastOf = (length: number): number =>
      anneal(cyclesOf([length]), { lrInit: 1 })(length - 1);
    expect([3, 5, 10, 40].map((length) => Number(lastOf(length).toPrecision(2)))).toEqual([
      0.25, 0.095, 0.024, 0.0015,
    ]);
  });

  it('reaches lrMin at the last step of a closed cycle', () => {
    const schedule = anneal(cyclesOf([5, 5]), { lrInit: 0.1, lrMin: 0.01, endpoint: 'closed' });
    expect([0, 4, 5, 9].map(schedule)).toEqual([0.1, 0.01, 0.1, 0.01]);
  });

  it('shrinks lrMin only when told to', () => {
    const options = { lrInit: 0.1, lrMin: 0.01, lrMultiplier: 0.5, endpoint: 'closed' } as const;
    const plan = cyclesOf([2, 2]);
    expect(anneal(plan, options)(3)).toBe(0.01);
    expect(anneal(plan, { ...options, lrMinMultiplier: 0.5 })(3)).toBe(0.005);
  });

  it('takes settings of single cycles', () => {
    const schedule = anneal(cyclesOf([4, 4]), {
      lrInit: 1,
      perCycle: ({ index }) =>
        index === 1
          ? { lrMax: 2, lrMin: 1, curve: linear, warmupSteps: 2, warmupFrom: 0.5 }
          : undefined,
    });
    expect([0, 2, 4, 5, 6, 7].map(schedule)).toEqual([1, 0.5, 0.5, 1.25, 2, 1.5]);
  });

  test.prop([plans, bounds])('restarts at lrMax, stays in bounds and falls', (plan, options) => {
    const schedule = anneal(plan, options);
    for (const { index, start, end } of plan.cycles) {
      let previous = schedule(start);
      const lrMax = options.lrInit * options.lrMultiplier ** index;
      expect(Math.abs(previous - lrMax) / lrMax).toBeLessThan(1e-14);
      const lrMin = options.lrMin * options.lrMultiplier ** index;
      for (let step = start + 1; step < end; step += 1) {
        const learningRate = schedule(step);
        if (!(learningRate <= previous && learningRate >= lrMin * (1 - 1e-14))) {
          expect.fail(`${learningRate} at ${step} after ${previous}`);
        }
        previous = learningRate;
      }
    }
    expect(schedule(0)).toBe(options.lrInit);
  });

  test.prop([plans, bounds, fc.infiniteStream(fc.nat())])(
    'gives the same value in any order',
    (plan, options, draws) => {
      const schedule = anneal(plan, options);
      const inOrder = Array.from({ length: plan.totalSteps }, (_, step) => schedule(step));
      for (const draw of draws.take(50)) {
        const step = draw % plan.totalSteps;
        expect(schedule(step)).toBe(inOrder[step]);
      }
    },
  );
});
