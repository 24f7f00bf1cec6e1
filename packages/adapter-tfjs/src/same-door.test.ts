import { constant, equalCycles, triangular } from '@snapshot-ensemble/schedules';
import {
  averageWeights,
  createSnapshotStore,
  langevinNoise,
  lastEpochs,
  memoryBlobs,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, useBackend, silent, tinyModel, weightValues } from '../test/tiny.ts';
import { loadMembers } from './load-members.ts';
import {
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

/** Two seeds of the same three clusters, far from zero so that statistics matter: to train, and held out. */
function shifted(seed: number): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const { xs, ys } = clusters(90, seed);
  return { xs: xs.mul<tf.Tensor2D>(5).add(20), ys };
}

async function train(
  model: tf.LayersModel,
  options: SnapshotEnsembleOptions,
): Promise<SnapshotStore> {
  const store = createSnapshotStore(memoryBlobs());
  const { xs, ys } = shifted(1);
  const callbacks = snapshotEnsembleCallback(tf, { store, ...options });
  await model.fit(xs, ys, { epochs: 8, batchSize: 15, shuffle: false, ...silent, callbacks });
  return store;
}

const stepsOf = async (store: SnapshotStore): Promise<number[]> =>
  (await store.readManifest())!.members.map(({ step }) => step);

describe('stochastic weight averaging', () => {
  const constantRate: SnapshotEnsembleOptions = {
    planOf: ({ totalSteps }) => ({
      plan: equalCycles({ totalSteps, cycles: 1 }),
      schedule: constant(0.1),
    }),
    ensemble: false,
    callbacks: [averageWeights({ kind: 'equal', fromStep: 24 })],
  };
  const accuracyOf = (model: tf.LayersModel): number => {
    const { xs, ys } = shifted(2);
    return (model.evaluate(xs, ys) as tf.Scalar[])[1]!.dataSync()[0]!;
  };

  /** Input batch normalization, whose statistics a fresh model with averaged weights does not have. */
  function normalized(): tf.Sequential {
    const model = tf.sequential({
      layers: [
        tf.layers.batchNormalization({ name: 'norm', inputShape: [4], momentum: 0.999 }),
        tf.layers.dense({
          name: 'classes',
          units: 3,
          activation: 'softmax',
          kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
        }),
      ],
    });
    model.compile({
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      metrics: ['accuracy'],
    });
    return model;
  }

  it('leaves the model with the averaged weights and fresh batch-norm statistics', async () => {
    const model = normalized();
    const { xs } = shifted(1);
    const moving = model.getWeights().slice(-2);
    let stale: number[][] = [];
    await train(model, {
      ...constantRate,
      batchNormData: () => {
        stale = weightValues(model);
        return [xs.slice([0, 0], [60, 4]), xs.slice([60, 0], [30, 4])];
      },
    });
    const fresh = accuracyOf(model);
    const { mean, variance } = tf.moments(xs, 0);
    [mean, variance].forEach((expected, index) => {
      const rows = [...expected.dataSync()];
      [...model.getWeights().slice(-2)[index]!.dataSync()].forEach((value, feature) => {
        // Means of parts are the mean of all; variances of parts leave out what is between their means.
        expect(value / rows[feature]!).toBeCloseTo(1, index === 0 ? 4 : 1);
      });
    });
    expect(moving).toHaveLength(2);

    model.setWeights(
      stale.map((values, index) => tf.tensor(values, model.getWeights()[index]!.shape)),
    );
    const without = accuracyOf(model);
    expect(fresh).toBeGreaterThan(0.8);
    expect(without).toBeLessThan(fresh - 0.2);
  });

  it('says which option is missing where there is no data to refresh with', async () => {
    await expect(train(normalized(), constantRate)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[TfjsAdapterError: The model has batch normalization (layers: 1), whose statistics must be recomputed after weights were averaged, and there is no data to do it with. Pass the option batchNormData: () => batches of training inputs.]`,
    );
  });

  it('needs no data where the model has no batch normalization', async () => {
    const model = tinyModel();
    await train(model, constantRate);
    expect(weightValues(model).flat().every(Number.isFinite)).toBe(true);
  });

  it('puts the momentum of the layers back, and finds them inside models and wrappers', async () => {
    const inner = tf.sequential({
      layers: [tf.layers.batchNormalization({ momentum: 0.7, inputShape: [4] })],
    });
    const model = tf.sequential({
      layers: [inner, tf.layers.dense({ units: 3, activation: 'softmax' })],
    });
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
    await train(model, { ...constantRate, batchNormData: () => [shifted(1).xs] });
    expect((inner.layers[0] as unknown as { momentum: number }).momentum).toBe(0.7);
    const [mean] = model.getWeights().slice(-2);
    const expected = shifted(1).xs.mean(0).dataSync();
    mean!.dataSync().forEach((value, feature) => {
      expect(value / expected[feature]!).toBeCloseTo(1, 5);
    });
  });
});

describe('fast geometric ensembling', () => {
  it('takes members in the middle of each cycle, where the learning rate is lowest', async () => {
    const store = await train(tinyModel(), {
      planOf: ({ totalSteps }) => ({
        plan: equalCycles({ totalSteps, cycles: 4 }),
        schedule: triangular({ lrMax: 0.05, lrMin: 0.0005, stepsUp: 6, startAt: 'lrMax' }),
      }),
      snapshotsAt: ({ start, end }) => [(start + end) / 2 + 1],
    });
    expect(await stepsOf(store)).toEqual([7, 19, 31, 43]);
    const { members } = (await store.readManifest())!;
    expect(members.map(({ learningRate }) => learningRate)).toEqual(Array(4).fill(0.0005));
  });
});

describe('cyclical SG-MCMC', () => {
  it('takes several noisy members from the end of each cycle', async () => {
    const withNoise = (seed: number): SnapshotEnsembleOptions => ({
      cycles: 2,
      lrInit: 0.05,
      snapshotsAt: lastEpochs(2),
      callbacks: [
        langevinNoise({
          schedule: () => 0.01,
          rows: 90,
          seed,
          isSampling: ({ epoch }) => epoch % 4 >= 2,
        }),
      ],
    });
    const model = tinyModel();
    const store = await train(model, withNoise(1));
    expect(await stepsOf(store)).toEqual([18, 24, 42, 48]);
    const [again, other] = [tinyModel(), tinyModel()];
    await train(again, withNoise(1));
    await train(other, withNoise(2));
    expect(weightValues(again)).toEqual(weightValues(model));
    expect(weightValues(other)).not.toEqual(weightValues(model));

    const ensemble = await loadMembers(tf, store);
    const { xs, ys } = shifted(2);
    expect((await ensemble.evaluate(xs, ys)).members).toHaveLength(4);
  });
});
