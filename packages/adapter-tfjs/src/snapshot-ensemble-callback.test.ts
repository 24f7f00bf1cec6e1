import {
  type Manifest,
  memoryBlobs,
  type SnapshotStore,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, collect, useBackend, silent, tinyModel } from '../test/tiny.ts';
import { asSnapshotStore } from './member-artifacts.ts';
import { pythonDefaults } from './plan-options.ts';
import {
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

interface Trained {
  readonly store: SnapshotStore;
  readonly manifest: Manifest;
  /** Learning rate and weights after each update. */
  readonly rates: number[];
  readonly weights: number[][];
}

/** Fits 30 rows in batches of 10, 3 steps per epoch, and notes what happened at each step. */
async function train(
  epochs: number,
  options: SnapshotEnsembleOptions,
  args: tf.ModelFitArgs = {},
): Promise<Trained> {
  const store = asSnapshotStore(options.store ?? memoryBlobs());
  const optimizer = tf.train.sgd(0.2);
  const model = tinyModel({ optimizer });
  const rates: number[] = [];
  const weights: number[][] = [];
  const notes: TrainingCallback = {
    name: 'notes',
    onStepEnd: () => {
      rates.push((optimizer.getConfig() as { learningRate: number }).learningRate);
      weights.push(model.getWeights().flatMap((weight) => [...weight.dataSync()]));
    },
  };
  const { xs, ys } = clusters(30);
  await model.fit(xs, ys, {
    epochs,
    batchSize: 10,
    ...silent,
    shuffle: false,
    ...args,
    callbacks: snapshotEnsembleCallback(tf, { callbacks: [notes], ...options, store }),
  });
  return { store, manifest: (await store.readManifest())!, rates, weights };
}

const steps = ({ members }: Manifest): number[] => members.map(({ step }) => step);

describe('snapshotEnsembleCallback', () => {
  it('makes exactly as many cycles as asked for, the last included', async () => {
    const { manifest, rates } = await train(4, { cycles: 3 });
    expect(steps(manifest)).toEqual([4, 8, 12]);
    expect(manifest.completed).toBe(true);
    // ½ (1 + cos πp) at p = 0, ¼, ½, ¾, from the rate the optimizer came with.
    const cycle = [0.2, 0.2 * 0.8535533905932737, 0.1, 0.2 * 0.14644660940672624];
    [...cycle, ...cycle, ...cycle].forEach((rate, step) => {
      expect(rates[step]).toBeCloseTo(rate, 12);
    });
  });

  it('saves the weights after the last update of a cycle, before the restart', async () => {
    const { store, manifest, weights } = await train(4, { cycles: 3 });
    for (const { id, step } of manifest.members) {
      const saved = (await collect(store.readMember(id))).flatMap(({ data }) =>
        [...data].map(Number),
      );
      expect(saved).toEqual(weights[step - 1]);
    }
  });

  it('takes lrInit, lrMin and lrMultiplier', async () => {
    const { rates } = await train(4, { cycles: 2, lrInit: 1, lrMin: 0.5, lrMultiplier: 0.8 });
    expect(rates[0]).toBe(1);
    expect(rates[6]).toBe(0.8);
    expect(Math.min(...rates)).toBeGreaterThan(0.5);
  });

  it('counts cycleLength in epochs, as the Python library does, and keeps the cycle it drops', async () => {
    const { manifest, rates } = await train(5, { ...pythonDefaults, cycleLength: 2, lrInit: 0.1 });
    expect(steps(manifest)).toEqual([6, 15]);
    expect(rates[0]).toBe(0.1);
    expect(rates[6]).toBeCloseTo(0.09, 12);
  });

  it.each([
    [1, 1],
    [2, 3],
    [7, 5],
    [14, 5],
  ])('works without arguments for %d epochs: %d cycles', async (epochs, cycles) => {
    const { manifest, rates } = await train(epochs, {});
    expect(manifest.members.length).toBe(cycles);
    expect(steps(manifest).at(-1)).toBe(3 * epochs);
    // The peak is the optimizer's own.
    expect(rates[0]).toBe(0.2);
  });

  it('takes the peak from the compiled optimizer with cycleLength too', async () => {
    const { manifest, rates } = await train(4, { cycleLength: 2 });
    expect(steps(manifest)).toEqual([6, 12]);
    expect([rates[0], rates[6]]).toEqual([0.2, 0.2]);
  });

  it('keeps the newest numSnapshots', async () => {
    const { manifest } = await train(4, { cycles: 4, ensembleOptions: { numSnapshots: 2 } });
    expect(steps(manifest)).toEqual([9, 12]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses numSnapshots %d', (numSnapshots) => {
    const options = { store: memoryBlobs(), ensembleOptions: { numSnapshots } };
    expect(() => snapshotEnsembleCallback(tf, options)).toThrow(
      `numSnapshots: got ${numSnapshots}; it must be a positive integer.`,
    );
  });

  it('saves nothing with ensemble: false, and still anneals', async () => {
    const { store, rates } = await train(4, { cycles: 2, ensemble: false });
    expect(await store.readManifest()).toBeUndefined();
    expect(rates[6]).toBe(0.2);
    expect(rates[5]).toBeLessThan(0.05);
  });

  it('takes any plan and schedule', async () => {
    const { manifest, rates } = await train(2, {
      planOf: ({ totalSteps }) => ({
        plan: {
          totalSteps,
          cycles: [
            { index: 0, start: 0, end: 2 },
            { index: 1, start: 2, end: 6 },
          ],
        },
        schedule: (step) => 1 / (step + 1),
      }),
    });
    expect(steps(manifest)).toEqual([2, 6]);
    expect(rates).toEqual([0, 1, 2, 3, 4, 5].map((step) => 1 / (step + 1)));
  });

  it('notes the metrics of the epoch at whose end a snapshot falls', async () => {
    const { xs, ys } = clusters(12, 2);
    const { manifest } = await train(4, { cycles: 2 }, { validationData: [xs, ys] });
    expect(Object.keys(manifest.members[0]!.metrics).sort()).toEqual([
      'acc',
      'loss',
      'val_acc',
      'val_loss',
    ]);
  });

  it('refuses cycles that are shorter than two steps before step 0', async () => {
    await expect(train(1, { cycles: 3 })).rejects.toThrow(RangeError);
  });

  it('refuses to write over a run', async () => {
    const { store } = await train(2, { cycles: 2 });
    await expect(train(2, { cycles: 2, store })).rejects.toMatchObject({ code: 'exists' });
    const again = await train(2, { cycles: 2, store, existing: 'overwrite' });
    expect(steps(again.manifest)).toEqual([3, 6]);
  });
});
