import { checkCount, checkFunction, checkNotNegative, checkOneOf, checkStep } from './check.ts';
import type { Schedule } from './schedule.ts';
import { checkOptions } from './options.ts';

const where = 'warmup';

export interface WarmupOptions {
  /** Steps over which the learning rate rises in a straight line; the next step is the schedule's own. */
  readonly steps: number;
  /** Learning rate at step 0. Default 0. */
  readonly from?: number;
  /**
   * `'inside'` the schedule's steps: it loses its first `steps`, and plan and budget stay as they are. `'before'`
   * them: it begins at its step 0 after the warm-up, the run is `steps` longer and the plan needs `delayed(plan, steps)`.
   * Default `'inside'`.
   */
  readonly placement?: 'inside' | 'before';
}

/** The schedule after a rise from `from`, continuous where the two meet. */
export function warmup(schedule: Schedule, options: WarmupOptions): Schedule {
  checkOptions(where, options, { steps: true, from: true, placement: true });
  checkFunction(where, 'schedule', schedule);
  const steps = checkCount(where, 'steps', options.steps);
  const from = checkNotNegative(where, 'from', options.from ?? 0);
  const placement = checkOneOf(where, 'placement', options.placement ?? 'inside', [
    'inside',
    'before',
  ]);
  const lost = placement === 'before' ? steps : 0;
  const to = schedule(steps - lost);
  return (step) =>
    checkStep(where, step) < steps ? from + (to - from) * (step / steps) : schedule(step - lost);
}
