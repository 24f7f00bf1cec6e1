export type { Cycle, CyclePlan } from './plan.ts';
export type { Curve, Schedule } from './schedule.ts';
