import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import type {
  Awaitable,
  Metrics,
  Progress,
  TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';

import { checkTf } from './check-tf.ts';
import { frameGiver } from './frame-giver.ts';
import { type ProtocolRun, protocolRun } from './protocol-run.ts';
import { readMetrics } from './read-metrics.ts';
import type { Tensor, Tf } from './tf.ts';
import type { TfjsTrainer } from './trainer.ts';

/** A model in training and the callback that follows it. */
export interface TrainedPart {
  readonly trainer: TfjsTrainer;
  readonly callback: TrainingCallback;
}

/** A loss, or losses and metrics by name, still on the device or not; they are disposed of after the step's hooks. */
export type StepOutcome = Tensor | Readonly<Record<string, Tensor | number>> | undefined;

export interface TrainStepsOptions {
  /** Updates in the whole run, those before `firstStep` included. */
  readonly totalSteps: number;
  /** Default `totalSteps`: one epoch. */
  readonly stepsPerEpoch?: number;
  /** Where a resumed run continues: the number of updates already made. Default 0. */
  readonly firstStep?: number;
  /** Makes one update of every part, from as many batches as it likes. */
  readonly step: (progress: Progress) => Awaitable<StepOutcome>;
  /** Metrics for the hooks at the end of an epoch. Default none. */
  readonly evaluate?: (progress: Progress) => Awaitable<Metrics>;
  /** Ends the run after the current step. */
  readonly signal?: AbortSignal;
  /** Lets the browser draw a frame after a step, at most this often. Default 125. */
  readonly yieldEveryMs?: number;
}

const known: KnownOptions<TrainStepsOptions> = {
  ...{ totalSteps: true, stepsPerEpoch: true, firstStep: true, step: true },
  ...{ evaluate: true, signal: true, yieldEveryMs: true },
};

export interface TrainStepsResult {
  /** Updates made in the whole run, those before `firstStep` included. */
  readonly step: number;
  readonly stopped: boolean;
}

/**
 * Runs the steps `[firstStep, totalSteps)` of a hand-written training loop with the hooks around them; of several
 * parts, each hook in their order. The optimizers' own learning rates are restored afterwards.
 */
export async function trainSteps(
  tf: Tf,
  parts: TrainedPart | readonly TrainedPart[],
  options: TrainStepsOptions,
): Promise<TrainStepsResult> {
  checkTf('trainSteps', tf);
  checkOptions('trainSteps', options, known);
  const { totalSteps, stepsPerEpoch = totalSteps, firstStep = 0, signal } = options;
  checkSteps(totalSteps, stepsPerEpoch, firstStep);
  const trained = 'trainer' in parts ? [parts] : parts;
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  const extent = {
    firstStep,
    firstEpoch: Math.floor(firstStep / stepsPerEpoch),
    totalSteps,
    stepsPerEpoch,
  };
  const at = (step: number): Progress => ({
    step,
    epoch: Math.floor(step / stepsPerEpoch),
    totalSteps,
    stepsPerEpoch,
  });
  const runs = trained.map(({ trainer, callback }) =>
    protocolRun(callback, { ...trainer, stop }, extent, { stepsBefore: firstStep % stepsPerEpoch }),
  );
  const giveFrame = frameGiver(tf, options.yieldEveryMs);
  try {
    await each(runs, (run) => run.beginEpoch(extent.firstEpoch));
    let step = firstStep;
    while (step < totalSteps && !stopping.signal.aborted && !signal?.aborted) {
      if (step % stepsPerEpoch === 0)
        await each(runs, (run) => run.beginEpoch(step / stepsPerEpoch));
      await runStep(tf, runs, () => options.step(at(step)));
      step += 1;
      if (step % stepsPerEpoch === 0 || step === totalSteps) {
        await each(runs, (run) =>
          run.endEpoch(async () => (await options.evaluate?.(at(step - 1))) ?? {}),
        );
      }
      await giveFrame();
    }
    await each(runs, (run) => run.end());
    return { step, stopped: step < totalSteps };
  } catch (error) {
    await each(runs, (run) => run.fail());
    throw error;
  } finally {
    for (const { trainer } of trained) trainer.restoreLearningRate();
  }
}

async function runStep(
  tf: Tf,
  runs: readonly ProtocolRun[],
  makeStep: () => Awaitable<StepOutcome>,
): Promise<void> {
  await each(runs, (run) => run.beginStep());
  const outcome = (await makeStep()) ?? {};
  const logs = isTensor(outcome) ? { loss: outcome } : outcome;
  try {
    await each(runs, (run) => run.endStep(() => readMetrics(logs)));
  } finally {
    tf.dispose(Object.values(logs).filter((value) => typeof value !== 'number'));
  }
}

async function each(
  runs: readonly ProtocolRun[],
  hook: (run: ProtocolRun) => Promise<void>,
): Promise<void> {
  for (const run of runs) await hook(run);
}

function isTensor(outcome: NonNullable<StepOutcome>): outcome is Tensor {
  return typeof (outcome as Partial<Tensor>).dispose === 'function';
}

function checkSteps(totalSteps: number, stepsPerEpoch: number, firstStep: number): void {
  const refuse = (name: string, value: number, allowed: string): never => {
    throw new RangeError(`trainSteps: ${name} is ${value}; it must be ${allowed}.`);
  };
  if (!(Number.isInteger(totalSteps) && totalSteps > 0)) {
    refuse('totalSteps', totalSteps, 'a positive integer');
  }
  if (!(Number.isInteger(stepsPerEpoch) && stepsPerEpoch > 0)) {
    refuse('stepsPerEpoch', stepsPerEpoch, 'a positive integer');
  }
  if (!(Number.isInteger(firstStep) && firstStep >= 0 && firstStep <= totalSteps)) {
    refuse('firstStep', firstStep, `an integer in [0, ${totalSteps}]`);
  }
}
