import { chain } from '../../chain.ts';
import type { Trainer, TrainingCallback } from '../../protocol.ts';
import type { Weights } from '../../tensor.ts';
import { fingerprint, readTensors } from '../tensors.ts';

/**
 * An adapter with a small model and a small run for it: deterministic, without batch statistics and weight
 * decay, so that a step at learning rate 0 moves nothing.
 */
export interface TrainerUnderTest {
  /** At least 2. */
  readonly epochs: number;
  /** At least 2. */
  readonly stepsPerEpoch: number;
  /** Where `train` can begin: at any step, or only with an epoch. Default `epoch`. */
  readonly resumesAt?: 'step' | 'epoch';
  /** Trains steps `[firstStep, epochs · stepsPerEpoch)` on a new model, calling the callback as the protocol says. */
  train(callback: TrainingCallback, firstStep: number): Promise<void>;
}

const learningRate = 0.05;
export const steady: TrainingCallback = {
  name: 'steady',
  onStepBegin: (_, trainer) => {
    trainer.setLearningRate(learningRate);
  },
};

export const weightsOf = (trainer: Trainer): Promise<Weights> => readTensors(trainer.readWeights());
export const textOf = async (trainer: Trainer): Promise<string> =>
  fingerprint(await weightsOf(trainer));
export const train = (
  subject: TrainerUnderTest,
  hooks: Omit<TrainingCallback, 'name'>,
): Promise<void> => subject.train(chain(steady, { name: 'probe', ...hooks }), 0);

/** Cases by name. */
export type TrainerCases = Readonly<Record<string, (subject: TrainerUnderTest) => Promise<void>>>;
