import { expect, it } from 'vitest';
import {
  constant,
  cyclicalSgMcmc,
  fastGeometric,
  inverseSquareRoot,
  linear,
  noCycle,
  singleCycle,
  swaTail,
  warmupStableDecay,
  type CyclePlan,
} from './index.ts';

const first = (count: number): number[] => Array.from({ length: count }, (_, step) => step);
const endsOf = ({ cycles }: CyclePlan): number[] => cycles.map(({ end }) => end);

it('noCycle goes down one staircase and takes snapshots at equal distances', () => {
  const { plan, schedule } = noCycle({ totalSteps: 8, cycles: 4, lrInit: 1 });
  expect(first(8).map(schedule)).toEqual([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01]);
  expect(endsOf(plan)).toEqual([2, 4, 6, 8]);
});

it('singleCycle goes down the staircase in each cycle', () => {
  const { plan, schedule } = singleCycle({
    totalEpochs: 2,
    stepsPerEpoch: 4,
    cycles: 2,
    lrInit: 1,
  });
  expect(first(8).map(schedule)).toEqual([1, 1, 0.1, 0.01, 1, 1, 0.1, 0.01]);
  expect(endsOf(plan)).toEqual([4, 8]);
});

it('fastGeometric takes a snapshot before each minimum', () => {
  const { plan, schedule } = fastGeometric({ totalSteps: 10, cycleLength: 4, lrMax: 3, lrMin: 1 });
  expect(first(10).map(schedule)).toEqual([3, 2, 1, 2, 3, 2, 1, 2, 3, 2]);
  expect(endsOf(plan)).toEqual([2, 6, 10]);
});

it.each([8, 9])(
  'fastGeometric refuses a budget of %i steps, which ends between minima',
  (totalSteps) => {
    expect(() => fastGeometric({ totalSteps, cycleLength: 4, lrMax: 3, lrMin: 1 })).toThrow(
      `fastGeometric: the budget in steps is ${totalSteps}, but must be an odd multiple of 2: it ends at a minimum.`,
    );
  },
);

it('warmupStableDecay rises, stays and falls, in epochs too', () => {
  const schedule = warmupStableDecay({
    totalEpochs: 4,
    stepsPerEpoch: 2,
    lrMax: 1,
    lrMin: 0.2,
    warmup: 1,
    decay: 2,
    curve: linear,
  });
  expect(first(8).map(schedule)).toEqual(
    [0, 0.5, 1, 1, 1, 0.8, 0.6, 0.4].map((x): unknown => expect.closeTo(x, 15)),
  );
  expect(() => schedule(8)).toThrow(RangeError);
});

it('inverseSquareRoot is half at three timescales after the peak', () => {
  const schedule = inverseSquareRoot({ lrMax: 2, warmupSteps: 10 });
  expect([0, 5, 10, 40].map(schedule)).toEqual([0, 1, 2, 1]);
});

it('swaTail leaves the schedule where it stands and stays at its learning rate', () => {
  const tail = swaTail(constant(1), { start: 2, annealSteps: 4, learningRate: 0.2, curve: linear });
  expect(first(8).map(tail)).toEqual(
    [1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2].map((x): unknown => expect.closeTo(x, 15)),
  );
  expect(swaTail(constant(1), { start: 2, annealSteps: 0, learningRate: 0.2 })(2)).toBe(0.2);
});

it('cyclicalSgMcmc samples at the end of each cosine cycle', () => {
  const { plan, schedule, addsNoise } = cyclicalSgMcmc({
    totalEpochs: 200,
    stepsPerEpoch: 1,
    cycles: 4,
    lrInit: 0.5,
    samplingShare: 0.1,
  });
  expect(endsOf(plan).slice(0, 6)).toEqual([47, 48, 50, 97, 98, 100]);
  expect(first(200).filter(addsNoise).slice(0, 6)).toEqual([45, 46, 47, 48, 49, 95]);
  expect([0, 50, 100].map(schedule)).toEqual([0.5, 0.5, 0.5]);
  expect(() => cyclicalSgMcmc({ totalSteps: 20, cycles: 4, lrInit: 0.5 })).toThrow(RangeError);
});
