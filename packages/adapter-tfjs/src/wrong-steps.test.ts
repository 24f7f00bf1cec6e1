import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { bench, type Bench } from '../test/bench.ts';
import { fitDataset, tinyModel, useBackend } from '../test/tiny.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

let at: Bench;
beforeEach(() => {
  at = bench();
});

describe('a stepsPerEpoch that is wrong is said after the first epoch', () => {
  const dataset = (): unknown =>
    tf.data
      .zip({ xs: tf.data.array(rows(at.data.xs)), ys: tf.data.array(rows(at.data.ys)) })
      .batch(10)
      .filter(() => true);
  const rows = (tensor: tf.Tensor2D): number[][] => tensor.arraySync();

  it.each([
    ['too few', 2, 'has more than the 2 batches'],
    ['too many', 5, 'had 3 batches, not the 5'],
  ])('%s', async (_, stepsPerEpoch, message) => {
    const model = tinyModel();
    const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store: at.blobs, stepsPerEpoch });
    const training = fitDataset(model, dataset(), { epochs: 8, callbacks });
    await expect(training).rejects.toMatchObject({
      code: 'wrong-steps',
      message: expect.stringContaining(message) as string,
    });
    expect(model.optimizer.iterations).toBeLessThanOrEqual(3);
  });

  it('is not said of an epoch that is stopped', async () => {
    const stop: TrainingCallback = {
      name: 'stop',
      onStepEnd: (_, trainer) => {
        trainer.stop();
      },
    };
    const callbacks = snapshotEnsembleCallback(tf, {
      cycles: 2,
      store: at.blobs,
      stepsPerEpoch: 3,
      callbacks: [stop],
    });
    await fitDataset(tinyModel(), dataset(), { epochs: 4, callbacks });
    expect(await at.storedSteps()).toEqual([1]);
  });
});
