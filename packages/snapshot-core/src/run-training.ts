import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import type { Awaitable, Metrics, Progress, Trainer, TrainingCallback } from './protocol.ts';

export interface RunTrainingOptions {
  /** Updates in the whole run, those before `firstStep` included. */
  readonly totalSteps: number;
  /** Default `totalSteps`: one epoch. */
  readonly stepsPerEpoch?: number;
  /** The first step of a resumed run: the updates already made. Default 0. */
  readonly firstStep?: number;
  /** Makes one update. Returns a function that reads its metrics, which is called only where a hook asks for them. */
  readonly step: (progress: Progress) => Awaitable<() => Awaitable<Metrics>>;
  /** Metrics for the hooks at the end of an epoch; called only if a callback listens. Default none. */
  readonly evaluate?: (progress: Progress) => Awaitable<Metrics>;
}

const known: KnownOptions<RunTrainingOptions> = {
  totalSteps: true,
  stepsPerEpoch: true,
  firstStep: true,
  step: true,
  evaluate: true,
};

/** A trainer whose loop is `runTraining`, which brings `stop`. */
export type SteppedTrainer = Omit<Trainer, 'stop'>;

/**
 * Makes the steps `[firstStep, totalSteps)` with the hooks around them: the training loop for frameworks that have none
 * of their own. Returns the updates made in the whole run: fewer than `totalSteps` if a callback stopped it. An error
 * in a hook or a step reaches the caller after `onTrainEnd` with the outcome `failed`.
 */
export async function runTraining(
  trainer: SteppedTrainer,
  callback: TrainingCallback,
  options: RunTrainingOptions,
): Promise<number> {
  checkOptions('runTraining', options, known);
  const { totalSteps, stepsPerEpoch = totalSteps, firstStep = 0 } = options;
  checkSteps(totalSteps, stepsPerEpoch, firstStep);
  const stopping = new AbortController();
  const stoppable = withStop(trainer, () => {
    stopping.abort();
  });
  const at = (step: number): Progress => ({
    step,
    epoch: Math.floor(step / stepsPerEpoch),
    totalSteps,
    stepsPerEpoch,
  });
  let step = firstStep;
  try {
    await callback.onTrainBegin?.(at(step), stoppable);
    while (step < totalSteps && !stopping.signal.aborted) {
      const progress = at(step);
      await callback.onStepBegin?.(progress, stoppable);
      const read = await options.step(progress);
      step += 1;
      const readMetrics = async (): Promise<Metrics> => read();
      await callback.onStepEnd?.({ ...progress, readMetrics }, stoppable);
      const endsEpoch = step % stepsPerEpoch === 0 || step === totalSteps;
      if (!endsEpoch || callback.onEpochEnd === undefined) continue;
      const metrics = (await options.evaluate?.(progress)) ?? {};
      await callback.onEpochEnd({ ...progress, metrics }, stoppable);
    }
    const outcome = step < totalSteps ? 'stopped' : 'finished';
    await callback.onTrainEnd?.({ ...at(step), outcome }, stoppable);
    return step;
  } catch (error) {
    try {
      await callback.onTrainEnd?.({ ...at(step), outcome: 'failed' }, stoppable);
    } catch {
      // What fails on the way out must not hide the error that ended the training.
    }
    throw error;
  }
}

/** The trainer with `stop`. It may be an object of a class: methods of its prototype are there, and find its private fields. */
function withStop(trainer: SteppedTrainer, stop: () => void): Trainer {
  const get = (target: SteppedTrainer, key: string | symbol): unknown => {
    if (key === 'stop') return stop;
    const value: unknown = Reflect.get(target, key);
    return typeof value === 'function' ? (value.bind(target) as unknown) : value;
  };
  return new Proxy(trainer, { get }) as Trainer;
}

function checkSteps(totalSteps: number, stepsPerEpoch: number, firstStep: number): void {
  const refuse = (name: string, value: number, allowed: string): never => {
    throw new RangeError(`runTraining: ${name} is ${value}; it must be ${allowed}.`);
  };
  if (!(Number.isInteger(totalSteps) && totalSteps > 0))
    refuse('totalSteps', totalSteps, 'a positive integer');
  if (!(Number.isInteger(stepsPerEpoch) && stepsPerEpoch > 0))
    refuse('stepsPerEpoch', stepsPerEpoch, 'a positive integer');
  if (!(Number.isInteger(firstStep) && firstStep >= 0 && firstStep <= totalSteps))
    refuse('firstStep', firstStep, `an integer in [0, ${totalSteps}]`);
}
