import { checkCount, checkFunction, checkList, refuseStep } from './check.ts';
import type { Schedule } from './schedule.ts';

export interface JoinedSchedule {
  readonly schedule: Schedule;
  /** How many steps it has; the last schedule may leave it out, and then never ends. */
  readonly steps?: number;
}

/** Schedules one after the other. Each counts its own steps from 0. */
export function join(parts: readonly JoinedSchedule[]): Schedule {
  checkList('join', 'parts', parts, '{ schedule, steps }');
  let end = 0;
  const last = parts.length - 1;
  const segments = parts.map(({ schedule, steps }, index) => {
    checkFunction('join', `parts[${index}].schedule`, schedule);
    const start = end;
    end +=
      steps === undefined && index === last
        ? Infinity
        : checkCount('join', `parts[${index}].steps`, steps);
    return { schedule, start };
  });
  return (step) => {
    if (!(step >= 0 && step < end && Number.isInteger(step))) refuseStep('join', step, end);
    const { schedule, start } = segments.findLast((segment) => segment.start <= step)!;
    return schedule(step - start);
  };
}
