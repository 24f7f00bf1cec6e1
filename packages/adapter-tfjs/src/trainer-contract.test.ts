import { trainerContract, type TrainerUnderTest } from '@snapshot-ensemble/snapshot-core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';

import { clusters, useBackend, silent, tinyModel } from '../test/tiny.ts';
import { toTfjsCallback } from './to-tfjs-callback.ts';
import { trainSteps } from './train-steps.ts';
import { tfjsTrainer } from './trainer.ts';

beforeAll(useBackend);

const [epochs, stepsPerEpoch] = [2, 3];

/** By `model.fit`, which goes on at the beginning of an epoch. */
const byFit: TrainerUnderTest = {
  epochs,
  stepsPerEpoch,
  async train(callback, firstStep) {
    const { xs, ys } = clusters(30);
    await tinyModel({ optimizer: tf.train.adam(0.1) }).fit(xs, ys, {
      ...silent,
      epochs,
      batchSize: 10,
      shuffle: false,
      initialEpoch: firstStep / stepsPerEpoch,
      callbacks: toTfjsCallback(tf, callback),
    });
  },
};

/** By a loop of one's own. */
const bySteps: TrainerUnderTest = {
  epochs,
  stepsPerEpoch,
  resumesAt: 'step',
  async train(callback, firstStep) {
    const { xs, ys } = clusters(30);
    const model = tinyModel({ optimizer: tf.train.adam(0.1) });
    const loss = (): tf.Scalar => tf.losses.softmaxCrossEntropy(ys, model.apply(xs) as tf.Tensor);
    const trainer = tfjsTrainer(tf, model);
    await trainSteps(
      tf,
      { trainer, callback },
      {
        totalSteps: epochs * stepsPerEpoch,
        stepsPerEpoch,
        firstStep,
        step: () => model.optimizer.minimize(loss, true)!,
        evaluate: () => ({ loss: tf.tidy(() => loss().dataSync()[0]!) }),
      },
    );
  },
};

describe.each([
  ['model.fit', byFit],
  ['trainSteps', bySteps],
])('the trainer contract, by %s', (_, subject) => {
  for (const { name, run } of trainerContract(() => subject)) it(name, run);
});
