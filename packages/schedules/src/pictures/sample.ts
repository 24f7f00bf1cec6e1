import type { CyclePlan } from '../plan.ts';

/** At most about `points` steps of the plan, evenly spread, with the first and last of every cycle among them. */
export function sampleSteps({ totalSteps, cycles }: CyclePlan, points: number): number[] {
  const stride = Math.max(1, Math.ceil(totalSteps / points));
  return cycles.flatMap(({ start, end }) => {
    const inside = Math.ceil((end - 1 - start) / stride);
    const steps = Array.from({ length: inside }, (_, index) => start + index * stride);
    return [...steps, end - 1];
  });
}
