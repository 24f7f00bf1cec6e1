export { anneal, type AnnealOptions, type CycleOverrides } from './anneal.ts';
export { noCycle, singleCycle, type BaselineOptions } from './baselines.ts';
export type { Budget, EpochBudget, StepBudget } from './budget.ts';
export { constant } from './constant.ts';
export { cosine, exponential, kDecay, linear, polynomial, stepwise, type Drop } from './curves.ts';
export { cycleAt } from './cycle-at.ts';
export { cyclesOf } from './cycles-of.ts';
export {
  cyclicalSgMcmc,
  type CyclicalSgMcmc,
  type CyclicalSgMcmcOptions,
} from './cyclical-sg-mcmc.ts';
export { delayed } from './delayed.ts';
export { describe, type CycleDescription } from './describe.ts';
export { equalCycles, type EqualCyclesOptions } from './equal-cycles.ts';
export { fastGeometric, type FastGeometricOptions } from './fast-geometric.ts';
export { growingCycles, type GrowingCyclesOptions } from './growing-cycles.ts';
export { join, type JoinedSchedule } from './join.ts';
export { oneCycle, type OneCycleOptions } from './one-cycle.ts';
export type { Cycle, CyclePlan } from './plan.ts';
export { scale } from './scale.ts';
export type { Curve, PlannedSchedule, Schedule } from './schedule.ts';
export { expectedSnapshots, type ExpectedSnapshots } from './snapshots.ts';
export { swaTail, type SwaTailOptions } from './swa-tail.ts';
export { triangular, type TriangularOptions } from './triangular.ts';
export { warmup, type WarmupOptions } from './warmup.ts';
