import { createSnapshotStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, useBackend, silent, tinyModel } from '../test/tiny.ts';
import { resumeEpoch } from './fit-checkpoints.ts';
import {
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

async function fits(
  model: tf.LayersModel,
  count: number,
  { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor },
  options: SnapshotEnsembleOptions = { cycles: 2 },
): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await model.fit(xs, ys, {
      epochs: 2,
      batchSize: 15,
      ...silent,
      callbacks: snapshotEnsembleCallback(tf, {
        store: memoryBlobs(),
        callbacks: [{ name: 'listens', onEpochEnd: () => undefined }],
        ...options,
      }),
    });
  }
}

describe('tensors and bytes are the same before and after', () => {
  it.each([
    ['SGD', () => tf.train.sgd(0.1)],
    ['Adam', () => tf.train.adam(0.01)],
  ])('50 fits in a row with %s', async (_, make) => {
    const data = clusters(30);
    const model = tinyModel({ optimizer: make(), batchNorm: true });
    // The first fit makes the optimizer's accumulators, which stay.
    await fits(model, 1, data);
    const { numTensors, numBytes } = tf.memory();
    await fits(model, 50, data);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  });

  it('10 fits with checkpoints, resumed', async () => {
    const data = clusters(30);
    const model = tinyModel({ optimizer: tf.train.adam(0.01) });
    await fits(model, 1, data);
    const { numTensors, numBytes } = tf.memory();
    for (let i = 0; i < 10; i += 1) {
      const store = createSnapshotStore(memoryBlobs());
      const checkpoints = { checkpointEveryEpochs: 1, store, cycles: 2 } as const;
      const stop = { name: 'stop', onEpochEnd: () => void (model.stopTraining = true) };
      await fits(model, 1, data, { ...checkpoints, callbacks: [stop] });
      await model.fit(data.xs, data.ys, {
        epochs: 2,
        initialEpoch: await resumeEpoch(store),
        batchSize: 15,
        ...silent,
        callbacks: snapshotEnsembleCallback(tf, { ...checkpoints, existing: 'resume-or-start' }),
      });
    }
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  });

  it('is a judge that sees a leak', async () => {
    const data = clusters(30);
    const model = tinyModel();
    await fits(model, 1, data);
    const { numTensors } = tf.memory();
    const leak = { name: 'leak', onEpochEnd: () => void model.getWeights()[0]!.clone() };
    await fits(model, 1, data, { cycles: 2, callbacks: [leak] });
    expect(tf.memory().numTensors).toBe(numTensors + 2);
  });
});
