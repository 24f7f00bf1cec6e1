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

export interface ProtocolRunOptions {
  /** Steps of the first epoch that were made before this run. Default 0. */
  readonly stepsBefore?: number;
  /** Whether an epoch that is short was stopped. Default never. */
  readonly isStopping?: () => boolean;
}

/** Begins to count the steps of a run. Throws `wrong-steps` at the first epoch that has not as many as it was told. */
export function protocolRun(
  callback: TrainingCallback,
  trainer: Trainer,
  { firstStep, firstEpoch, totalSteps, stepsPerEpoch }: RunExtent,
  { stepsBefore = 0, isStopping = () => false }: ProtocolRunOptions = {},
): ProtocolRun {
  let begun = false;
  let stepsInEpoch = 0;
  let step = firstStep;
  let epoch = firstEpoch;
  const at = (of: number): Progress => ({ step: of, epoch, totalSteps, stepsPerEpoch });
  return {
    async beginEpoch(next) {
      epoch = next;
      stepsInEpoch = begun ? 0 : stepsBefore;
      if (begun) return;
      begun = true;
      await callback.onTrainBegin?.(at(step), trainer);
    },
    async beginStep() {
      if (step >= totalSteps || stepsInEpoch >= stepsPerEpoch) throw tooManySteps(stepsPerEpoch);
      await callback.onStepBegin?.(at(step), trainer);
    },
    async endStep(readMetrics) {
      const made = at(step);
      step += 1;
      stepsInEpoch += 1;
      await callback.onStepEnd?.({ ...made, readMetrics }, trainer);
    },
    async endEpoch(readMetrics) {
      const isShort = stepsInEpoch < stepsPerEpoch && step < totalSteps;
      if (isShort && !isStopping()) throw tooFewSteps(stepsInEpoch, stepsPerEpoch);
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

function tooManySteps(stepsPerEpoch: number): TfjsAdapterError {
  return new TfjsAdapterError(
    'wrong-steps',
    `An epoch has more than the ${stepsPerEpoch} batches of stepsPerEpoch, so every cycle would end in the wrong place. ` +
      'Correct stepsPerEpoch, or pass batchesPerEpoch to fitDataset.',
  );
}

function tooFewSteps(made: number, stepsPerEpoch: number): TfjsAdapterError {
  return new TfjsAdapterError(
    'wrong-steps',
    `An epoch had ${made} batches, not the ${stepsPerEpoch} of stepsPerEpoch, so no cycle would end where the plan says. ` +
      `Pass stepsPerEpoch: ${made}.`,
  );
}
