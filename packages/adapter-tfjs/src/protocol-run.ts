import type {
  Metrics,
  Progress,
  Trainer,
  TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';

/** The extent of a run: the steps `[firstStep, totalSteps)`, beginning in epoch `firstEpoch`. */
export interface RunExtent {
  readonly firstStep: number;
  readonly firstEpoch: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** Counts the steps of one run and calls a callback's hooks with where it is. */
export interface ProtocolRun {
  /** Also begins the run, with its first epoch. */
  beginEpoch(epoch: number): Promise<void>;
  beginStep(): Promise<void>;
  endStep(readMetrics: () => Promise<Metrics>): Promise<void>;
  endEpoch(readMetrics: () => Promise<Metrics>): Promise<void>;
  end(): Promise<void>;
  /** Tells the callback that the training failed. What fails on the way out is not reported: it must not hide why. */
  fail(): Promise<void>;
}

/** Begins to count the steps of a run. */
export function protocolRun(
  callback: TrainingCallback,
  trainer: Trainer,
  { firstStep, firstEpoch, totalSteps, stepsPerEpoch }: RunExtent,
): ProtocolRun {
  let begun = false;
  let step = firstStep;
  let epoch = firstEpoch;
  const at = (of: number): Progress => ({ step: of, epoch, totalSteps, stepsPerEpoch });
  return {
    async beginEpoch(next) {
      epoch = next;
      if (begun) return;
      begun = true;
      await callback.onTrainBegin?.(at(step), trainer);
    },
    async beginStep() {
      if (step >= totalSteps) throw tooManySteps(totalSteps, stepsPerEpoch);
      await callback.onStepBegin?.(at(step), trainer);
    },
    async endStep(readMetrics) {
      const made = at(step);
      step += 1;
      await callback.onStepEnd?.({ ...made, readMetrics }, trainer);
    },
    async endEpoch(readMetrics) {
      // Only for those who listen: reading metrics waits for the device.
      if (!callback.onEpochEnd) return;
      await callback.onEpochEnd({ ...at(step - 1), metrics: await readMetrics() }, trainer);
    },
    async end() {
      const outcome = step < totalSteps ? 'stopped' : 'finished';
      await callback.onTrainEnd?.({ ...at(step), outcome }, trainer);
    },
    async fail() {
      try {
        await callback.onTrainEnd?.({ ...at(step), outcome: 'failed' }, trainer);
      } catch {
        // The error that ended the training is on its way already.
      }
    },
  };
}

function tooManySteps(totalSteps: number, stepsPerEpoch: number): TfjsAdapterError {
  return new TfjsAdapterError(
    'too-many-steps',
    `The dataset gave more than the ${totalSteps} batches that ${stepsPerEpoch} steps per epoch allow. ` +
      'Correct stepsPerEpoch, or pass batchesPerEpoch to fitDataset.',
  );
}
