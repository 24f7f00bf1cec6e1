import type { CyclePlan } from './plan.ts';

/** Learning rate at a step. Pure: the same step gives the same value, in any order, after any resume. */
export type Schedule = (step: number) => number;

/** How far the learning rate has fallen: 1 at progress 0, towards 0 at progress 1. */
export type Curve = (progress: number) => number;

/** A schedule, and the plan at whose cycle ends its snapshots are taken. */
export interface PlannedSchedule {
  readonly plan: CyclePlan;
  readonly schedule: Schedule;
}
