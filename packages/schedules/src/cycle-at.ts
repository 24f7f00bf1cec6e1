import { refuseStep } from './check.ts';
import type { Cycle, CyclePlan } from './plan.ts';

/** The cycle that step `step` of `[0, totalSteps)` belongs to, found in O(log cycles). */
export function cycleAt(plan: CyclePlan, step: number): Cycle {
  const { cycles, totalSteps } = plan;
  if (!(step >= 0 && step < totalSteps && Number.isInteger(step))) {
    refuseStep('cycleAt', step, totalSteps);
  }
  let low = 0;
  let high = cycles.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cycles[middle]!.start <= step) low = middle;
    else high = middle - 1;
  }
  return cycles[low]!;
}
