import { chain } from '../../chain.ts';
import type { TrainingCallback } from '../../protocol.ts';
import type { Weights } from '../../tensor.ts';
import { check, checkEqual } from '../contract.ts';
import { checkExactResume } from './exact-resume.ts';
import { readTensors, tensorStream } from '../tensors.ts';
import { steady, textOf, train, weightsOf, type TrainerCases } from './subject.ts';

/** Trainings that were cut go on as if they had not been. */
export const resume: TrainerCases = {
  async 'goes on exactly from weights and optimizer state'(subject) {
    const cut = subject.stepsPerEpoch;
    let saved: { readonly weights: Weights; readonly state: Weights } | undefined;
    let uncut = '';
    await train(subject, {
      onTrainBegin: (_, trainer) => {
        check(
          (trainer.readOptimizer === undefined) === (trainer.writeOptimizer === undefined),
          'a trainer that reads its optimizer must write it too.',
        );
      },
      onEpochEnd: async ({ step }, trainer) => {
        if (step + 1 !== cut || trainer.readOptimizer === undefined) return;
        saved = {
          weights: await weightsOf(trainer),
          state: await readTensors(trainer.readOptimizer()),
        };
      },
      onTrainEnd: async (_, trainer) => {
        uncut = await textOf(trainer);
      },
    });
    if (saved === undefined) return;
    const { weights, state } = saved;
    const restore: TrainingCallback = {
      name: 'restore',
      onTrainBegin: async ({ step }, trainer) => {
        checkEqual(step, cut, 'the step in onTrainBegin');
        await trainer.writeWeights(tensorStream(weights));
        await trainer.writeOptimizer?.(tensorStream(state));
      },
      onTrainEnd: async (_, trainer) => {
        check(
          (await textOf(trainer)) === uncut,
          'the resumed run ended with other weights than the uninterrupted one.',
        );
      },
    };
    await subject.train(chain(steady, restore), cut);
  },
  async 'goes on exactly with every plugin that has a state, cut anywhere'(subject) {
    await checkExactResume(subject);
  },
};
