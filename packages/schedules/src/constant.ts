import { checkNotNegative, checkStep } from './check.ts';
import type { Schedule } from './schedule.ts';

/** The same learning rate at every step. */
export function constant(learningRate: number): Schedule {
  checkNotNegative('constant', 'learningRate', learningRate);
  return (step) => {
    checkStep('constant', step);
    return learningRate;
  };
}
