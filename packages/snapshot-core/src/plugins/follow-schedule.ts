import type { Schedule } from '@snapshot-ensemble/schedules';
import type { TrainingCallback } from '../protocol.ts';

/** Sets the learning rate of every step before the step is made. */
export function followSchedule(schedule: Schedule): TrainingCallback {
  return {
    name: 'follow-schedule',
    onStepBegin: ({ step }, trainer) => {
      trainer.setLearningRate(schedule(step));
    },
  };
}
