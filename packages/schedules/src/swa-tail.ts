import { checkFunction, checkPositive, checkStep } from './check.ts';
import { cosine } from './curves.ts';
import type { Curve, Schedule } from './schedule.ts';
import { checkOptions } from './options.ts';

const where = 'swaTail';

export interface SwaTailOptions {
  /** First step that no longer follows the schedule. */
  readonly start: number;
  /** Steps from the learning rate at `start` to `learningRate`; 0 jumps. */
  readonly annealSteps: number;
  /** Where it stays from then on. */
  readonly learningRate: number;
  /** Default `cosine`. */
  readonly curve?: Curve;
}

/**
 * The schedule up to `start`, then an approach to a constant learning rate at which weights are averaged or collected.
 * Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima".
 */
export function swaTail(schedule: Schedule, options: SwaTailOptions): Schedule {
  checkOptions(where, options, { start: true, annealSteps: true, learningRate: true, curve: true });
  const { curve = cosine } = options;
  const start = checkStep(where, options.start, 'start');
  const annealSteps = checkStep(where, options.annealSteps, 'annealSteps');
  const to = checkPositive(where, 'learningRate', options.learningRate);
  checkFunction(where, 'curve', curve);
  const from = checkFunction(where, 'schedule', schedule)(start);
  return (step) => {
    const k = checkStep(where, step) - start;
    if (k < 0) return schedule(step);
    return k < annealSteps ? to + (from - to) * curve(k / annealSteps) : to;
  };
}
