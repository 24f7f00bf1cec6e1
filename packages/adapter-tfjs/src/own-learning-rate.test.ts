import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { bench, type Bench } from '../test/bench.ts';
import { silent, tinyModel, useBackend } from '../test/tiny.ts';
import { asSnapshotStore } from './member-artifacts.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

let at: Bench;
beforeEach(() => {
  at = bench();
});

describe("the optimizer's own learning rate", () => {
  const rateOf = ({ optimizer }: tf.LayersModel): number =>
    (optimizer.getConfig() as { learningRate: number }).learningRate;
  /** Throws in the fourth step, where tfjs tells no other callback of it. */
  const failing = (): tf.CustomCallback => {
    let step = 0;
    const onBatchEnd = (): void => {
      step += 1;
      if (step === 4) throw new Error('planted');
    };
    return new tf.CustomCallback({ onBatchEnd });
  };

  it.each(['sgd', 'adam'] as const)(
    'is the peak of a run after one that broke off: %s',
    async (name) => {
      const model = tinyModel({ optimizer: tf.train[name](0.1) });
      const args = { epochs: 4, batchSize: 10, ...silent };
      const ours = snapshotEnsembleCallback(tf, { cycles: 1, store: memoryBlobs() });
      const broken = model.fit(at.data.xs, at.data.ys, { ...args, callbacks: [ours, failing()] });
      await expect(broken).rejects.toThrow('planted');
      expect(rateOf(model)).toBeLessThan(0.1);
      await at.fit(model, { cycles: 2 });
      const { schedule } = (await asSnapshotStore(at.blobs).readManifest())!;
      expect(schedule.map(({ lrMax }) => lrMax)).toEqual([0.1, 0.1]);
      expect(rateOf(model)).toBe(0.1);
    },
  );

  it('is what the user set in between', async () => {
    const optimizer = tf.train.sgd(0.1);
    const model = tinyModel({ optimizer });
    const ours = snapshotEnsembleCallback(tf, { cycles: 1, store: memoryBlobs() });
    const args = { epochs: 4, batchSize: 10, ...silent, callbacks: [ours, failing()] };
    await expect(model.fit(at.data.xs, at.data.ys, args)).rejects.toThrow('planted');
    optimizer.setLearningRate(0.3);
    await at.fit(model, { cycles: 1 });
    expect((await asSnapshotStore(at.blobs).readManifest())!.schedule[0]!.lrMax).toBe(0.3);
  });
});
