import { checkFunction, checkPositive } from './check.ts';
import type { Schedule } from './schedule.ts';

/** The schedule times `factor`: another batch size, another parameter group. */
export function scale(schedule: Schedule, factor: number): Schedule {
  checkFunction('scale', 'schedule', schedule);
  checkPositive('scale', 'factor', factor);
  return (step) => factor * schedule(step);
}
