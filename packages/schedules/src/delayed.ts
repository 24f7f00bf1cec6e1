import { checkCount } from './check.ts';
import type { CyclePlan } from './plan.ts';

/** The plan whose first cycle begins with `steps` more steps: what a warm-up `'before'` the budget needs. */
export function delayed({ totalSteps, cycles }: CyclePlan, steps: number): CyclePlan {
  checkCount('delayed', 'steps', steps);
  return {
    totalSteps: totalSteps + steps,
    cycles: cycles.map(({ index, start, end }) => ({
      index,
      start: index === 0 ? 0 : start + steps,
      end: end + steps,
    })),
  };
}
