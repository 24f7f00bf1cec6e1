import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { bench, type Bench } from '../test/bench.ts';
import { tinyModel, useBackend, weightValues } from '../test/tiny.ts';

beforeAll(useBackend);

let at: Bench;
beforeEach(() => {
  at = bench();
});

describe('a run is resumed only as it was', () => {
  const epochs = 2;
  const checkpoints = { cycles: 2, checkpointEveryEpochs: 1 } as const;
  const stop = (): TrainingCallback => ({
    name: 'stop',
    onStepEnd: ({ step }, trainer) => {
      if (step === 2) trainer.stop();
    },
  });
  const begin = async (optimizer: tf.Optimizer): Promise<void> => {
    await at.fit(tinyModel({ optimizer }), { ...checkpoints, callbacks: [stop()] }, { epochs });
  };
  const resume = (model: tf.LayersModel): Promise<unknown> =>
    at.fit(model, { ...checkpoints, existing: 'resume' }, { epochs, initialEpoch: 1 });

  it.each<[string, () => tf.Optimizer, () => tf.Optimizer, string]>([
    [
      'momentum as adagrad',
      () => tf.train.momentum(0.1, 0.9),
      () => tf.train.adagrad(0.1),
      'the optimizer Momentum, and this model trains with Adagrad',
    ],
    [
      'adam as sgd',
      () => tf.train.adam(0.1),
      () => tf.train.sgd(0.1),
      'the optimizer Adam, and this model trains with SGD',
    ],
  ])('not with another optimizer: %s', async (_, first, second, message) => {
    await begin(first());
    const model = tinyModel({ optimizer: second() });
    const before = weightValues(model);
    await expect(resume(model)).rejects.toMatchObject({
      code: 'optimizer-state',
      message: expect.stringContaining(message) as string,
    });
    expect(weightValues(model)).toEqual(before);
  });

  it('not with other trainable weights', async () => {
    await begin(tf.train.momentum(0.1, 0.9));
    const model = tinyModel({ optimizer: tf.train.momentum(0.1, 0.9) });
    model.layers[0]!.trainable = false;
    model.compile({
      optimizer: model.optimizer,
      loss: 'categoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const before = weightValues(model);
    await expect(resume(model)).rejects.toMatchObject({
      code: 'optimizer-state',
      message: expect.stringContaining(
        'trained 4 weights, hidden/kernel, hidden/bias, classes/kernel, classes/bias',
      ) as string,
    });
    expect(weightValues(model)).toEqual(before);
  });

  it('with the same it goes on', async () => {
    await begin(tf.train.momentum(0.1, 0.9));
    await resume(tinyModel({ optimizer: tf.train.momentum(0.1, 0.9) }));
    expect(await at.storedSteps()).toEqual([3, 6]);
  });
});
