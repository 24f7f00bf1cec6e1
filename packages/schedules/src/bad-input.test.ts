import { expect, it } from 'vitest';
import * as schedules from './index.ts';

const { anneal, cyclesOf, equalCycles, growingCycles } = schedules;
const plan = cyclesOf([10, 10]);
const growing = { totalSteps: 100, cycleLength: 10, cycleLengthMultiplier: 2 };
const wrong = (value: unknown): never => value as never;

it.each<[string, () => unknown]>([
  ['no steps', () => equalCycles({ totalSteps: 0, cycles: 1 })],
  ['half a step', () => equalCycles({ totalSteps: 10.5, cycles: 1 })],
  ['NaN steps', () => equalCycles({ totalSteps: NaN, cycles: 1 })],
  ['negative cycles', () => equalCycles({ totalSteps: 10, cycles: -1 })],
  ['steps as text', () => equalCycles({ totalSteps: wrong('10'), cycles: 1 })],
  ['no budget', () => equalCycles(wrong({ cycles: 1 }))],
  ['mixed units', () => equalCycles(wrong({ totalSteps: 10, stepsPerEpoch: 2, cycles: 1 }))],
  ['epochs of unknown length', () => equalCycles(wrong({ totalEpochs: 10, cycles: 1 }))],
  ['part of a step', () => equalCycles({ totalEpochs: 0.5, stepsPerEpoch: 5, cycles: 1 })],
  ['more cycles than steps', () => equalCycles({ totalSteps: 3, cycles: 4 })],
  ['cycleLength of half a step', () => growingCycles({ ...growing, cycleLength: 0.5 })],
  [
    'an epoch shorter than a step',
    () =>
      growingCycles({
        totalEpochs: 9,
        stepsPerEpoch: 2,
        cycleLength: 0.1,
        cycleLengthMultiplier: 2,
      }),
  ],
  ['multiplier 0', () => growingCycles({ ...growing, cycleLengthMultiplier: 0 })],
  ['cycles that vanish', () => growingCycles({ ...growing, cycleLengthMultiplier: 0.5 })],
  ['unknown onRemainder', () => growingCycles({ ...growing, onRemainder: wrong('drop') })],
  ['no lengths', () => cyclesOf([])],
  ['a length of 0', () => cyclesOf([4, 0])],
  ['no lrInit', () => anneal(plan, wrong({}))],
  ['infinite lrInit', () => anneal(plan, { lrInit: Infinity })],
  ['negative lrMin', () => anneal(plan, { lrInit: 1, lrMin: -1 })],
  ['lrMin above lrInit', () => anneal(plan, { lrInit: 0.1, lrMin: 0.2 })],
  [
    'a peak that sinks below lrMin',
    () => anneal(plan, { lrInit: 0.1, lrMin: 0.06, lrMultiplier: 0.5 }),
  ],
  ['a curve that is none', () => anneal(plan, { lrInit: 1, curve: wrong('cosine') })],
  ['a curve that returns NaN', () => anneal(plan, { lrInit: 1, curve: () => NaN })(3)],
  ['an unknown endpoint', () => anneal(plan, { lrInit: 1, endpoint: wrong('half') })],
  [
    'a plan with a gap',
    () => anneal({ totalSteps: 9, cycles: [{ index: 0, start: 1, end: 9 }] }, { lrInit: 1 }),
  ],
  [
    'warm-up as long as its cycle',
    () => anneal(plan, { lrInit: 1, perCycle: () => ({ warmupSteps: 10 }) }),
  ],
  ['a step past the end', () => anneal(plan, { lrInit: 1 })(20)],
  ['a negative step', () => anneal(plan, { lrInit: 1 })(-1)],
  ['a fractional step', () => anneal(plan, { lrInit: 1 })(0.5)],
  ['a step as text', () => anneal(plan, { lrInit: 1 })(wrong('1'))],
  ['a cycle past the end', () => schedules.cycleAt(plan, 20)],
  ['a power of 0', () => schedules.polynomial(0)],
  ['a ratio of 1', () => schedules.exponential(1)],
  [
    'drops out of order',
    () =>
      schedules.stepwise([
        { at: 0.5, factor: 0.1 },
        { at: 0.4, factor: 0.01 },
      ]),
  ],
  ['a negative constant', () => schedules.constant(-1)],
  ['no schedules to join', () => schedules.join([])],
  [
    'a first schedule without end',
    () =>
      schedules.join([{ schedule: schedules.constant(1) }, { schedule: schedules.constant(1) }]),
  ],
  ['a factor of 0', () => schedules.scale(schedules.constant(1), 0)],
  ['a warm-up of no steps', () => schedules.warmup(schedules.constant(1), { steps: 0 })],
  ['a triangle upside down', () => schedules.triangular({ lrMin: 2, lrMax: 1, stepsUp: 5 })],
  [
    'a triangle that grows',
    () => schedules.triangular({ lrMin: 0, lrMax: 1, stepsUp: 5, heightMultiplier: 2 }),
  ],
  ['a rise of all steps', () => schedules.oneCycle({ totalSteps: 10, lrMax: 1, rise: 1 })],
  ['an option that does not exist', () => anneal(plan, wrong({ lrInit: 1, etaMin: 0.1 }))],
  ['a cycle in place of cycles', () => equalCycles(wrong({ totalSteps: 10, cycle: 3 }))],
  [
    'a decay longer than the budget',
    () => schedules.warmupStableDecay({ totalSteps: 10, lrMax: 1, warmup: 5, decay: 6 }),
  ],
  [
    'a warm-up of part of a step',
    () =>
      schedules.warmupStableDecay({
        totalEpochs: 10,
        stepsPerEpoch: 3,
        lrMax: 1,
        warmup: 0.5,
        decay: 1,
      }),
  ],
  [
    'an inverse square root without a timescale',
    () => schedules.inverseSquareRoot({ lrMax: 1, warmupSteps: 0 }),
  ],
])('refuses %s', (_, attempt) => {
  let error: unknown;
  try {
    attempt();
  } catch (thrown) {
    error = thrown;
  }
  expect(error instanceof RangeError || error instanceof TypeError).toBe(true);
  expect(String(error)).toMatchSnapshot();
});
