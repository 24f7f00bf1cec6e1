import { checkFunction } from './check.ts';
import type { Cycle, CyclePlan } from './plan.ts';
import type { Schedule } from './schedule.ts';

/** A cycle and what its learning rate does, as a row of a table. */
export interface CycleDescription extends Cycle {
  /** Steps in the cycle. */
  readonly length: number;
  /** Highest learning rate of the cycle. */
  readonly lrMax: number;
  /** Learning rate of its last step, after which the snapshot is taken. */
  readonly lrEnd: number;
}

/** One row per cycle. Looks at every step of the plan once. */
export function describe(plan: CyclePlan, schedule: Schedule): CycleDescription[] {
  checkFunction('describe', 'schedule', schedule);
  return plan.cycles.map(({ index, start, end }) => {
    let lrMax = 0;
    for (let step = start; step < end; step += 1) lrMax = Math.max(lrMax, schedule(step));
    return { index, start, end, length: end - start, lrMax, lrEnd: schedule(end - 1) };
  });
}
