import { checkStep } from './check.ts';
import type { CyclePlan } from './plan.ts';

export interface ExpectedSnapshots {
  /** Cycles finished, each of which gives a snapshot. */
  readonly snapshots: number;
  /** Steps made since the last of them, which no snapshot holds. */
  readonly stepsSince: number;
}

/** What a run of `steps` steps under this plan has to show; by default a full run. */
export function expectedSnapshots(
  plan: CyclePlan,
  steps: number = plan.totalSteps,
): ExpectedSnapshots {
  const done = Math.min(checkStep('expectedSnapshots', steps, 'steps'), plan.totalSteps);
  const finished = plan.cycles.filter(({ end }) => end <= done);
  return { snapshots: finished.length, stepsSince: steps - (finished.at(-1)?.end ?? 0) };
}
