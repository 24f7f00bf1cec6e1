import { expectTypeOf } from 'vitest';
import {
  anneal,
  cosine,
  equalCycles,
  growingCycles,
  type Curve,
  type CyclePlan,
  type Schedule,
} from './index.ts';

const plan = equalCycles({ totalSteps: 10, cycles: 2 });
expectTypeOf(plan).toEqualTypeOf<CyclePlan>();
expectTypeOf(anneal(plan, { lrInit: 0.1 })).toEqualTypeOf<Schedule>();
expectTypeOf(cosine).toEqualTypeOf<Curve>();
equalCycles({ totalEpochs: 10, stepsPerEpoch: 5, cycles: 2 });

// @ts-expect-error: steps and epochs do not mix
equalCycles({ totalSteps: 10, stepsPerEpoch: 5, cycles: 2 });
// @ts-expect-error: nor like this
equalCycles({ totalSteps: 10, totalEpochs: 5, cycles: 2 });
// @ts-expect-error: an epoch needs its length
equalCycles({ totalEpochs: 10, cycles: 2 });
// @ts-expect-error: a budget is needed
equalCycles({ cycles: 2 });
// @ts-expect-error: a multiplier is needed, 1 is for equalCycles
growingCycles({ totalSteps: 10, cycleLength: 5 });
// @ts-expect-error: the peak has no default
anneal(plan, {});
// @ts-expect-error: curves are functions, not names
anneal(plan, { lrInit: 0.1, curve: 'cosine' });
// @ts-expect-error: plans are not changed
plan.totalSteps = 3;
