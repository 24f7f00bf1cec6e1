import {
  chain,
  createSnapshotStore,
  followSchedule,
  memoryBlobs,
  resumeStep,
  saveCheckpoints,
  type SnapshotStore,
  takeSnapshots,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import { fc } from '@fast-check/vitest';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, collect, useBackend, silent, tinyModel, weightValues } from '../test/tiny.ts';
import { resumeEpoch } from './fit-checkpoints.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';
import { trainSteps } from './train-steps.ts';
import { tfjsTrainer } from './trainer.ts';

beforeAll(useBackend);

const optimizers: [name: string, make: () => tf.Optimizer][] = [
  ['SGD', () => tf.train.sgd(0.1)],
  ['Momentum', () => tf.train.momentum(0.05, 0.9)],
  ['Nesterov', () => tf.train.momentum(0.05, 0.9, true)],
  ['RMSProp', () => tf.train.rmsprop(0.01)],
  ['Adagrad', () => tf.train.adagrad(0.1)],
  ['Adadelta', () => tf.train.adadelta(1)],
  ['Adam', () => tf.train.adam(0.01)],
];

interface Ended {
  readonly weights: number[][];
  readonly members: unknown[];
}

async function endOf(model: tf.LayersModel, store: SnapshotStore): Promise<Ended> {
  const { members } = (await store.readManifest())!;
  const contents = await Promise.all(
    members.map(async ({ id, step, cycle, learningRate, metrics }) => ({
      step,
      cycle,
      learningRate,
      metrics,
      tensors: (await collect(store.readMember(id))).map(({ data }) => [...data]),
    })),
  );
  return { weights: weightValues(model), members: contents };
}

describe('a hand-written loop, cut at any step and resumed,', () => {
  const totalSteps = 12;
  const plan = equalCycles({ totalSteps, cycles: 3 });
  const schedule = anneal(plan, { lrInit: 0.2 });

  /** A part of the run on a new model, up to `until` updates; every step has batches of its own. */
  async function part(
    make: () => tf.Optimizer,
    store: SnapshotStore,
    until: number,
  ): Promise<Ended> {
    const model = tinyModel({ optimizer: make(), batchNorm: true });
    const cut: TrainingCallback = {
      name: 'cut',
      onStepEnd: ({ step }, trainer) => {
        if (step + 1 === until) trainer.stop();
      },
    };
    const callback = chain(
      followSchedule(schedule),
      takeSnapshots(plan, store, { schedule, existing: 'resume-or-start' }),
      saveCheckpoints(store, { everySteps: 5, existing: 'resume-or-start' }),
      cut,
    );
    await trainSteps(
      tf,
      { trainer: tfjsTrainer(tf, model), callback },
      {
        totalSteps,
        stepsPerEpoch: 4,
        firstStep: await resumeStep(store),
        step: ({ step }) => {
          const { xs, ys } = clusters(10, step + 1);
          const loss = (): tf.Scalar => {
            const outputs = model.apply(xs, { training: true }) as tf.Tensor;
            return tf.losses.logLoss(ys, outputs);
          };
          const value = model.optimizer.minimize(loss, true)!;
          tf.dispose([xs, ys]);
          return value;
        },
      },
    );
    return endOf(model, store);
  }

  it.each(optimizers)('ends as the uncut run with %s, bit by bit', async (_, make) => {
    const uncut = await part(make, createSnapshotStore(memoryBlobs()), totalSteps);
    expect(uncut.members).toHaveLength(3);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: totalSteps - 1 }), async (until) => {
        const store = createSnapshotStore(memoryBlobs());
        await part(make, store, until);
        expect(await part(make, store, totalSteps)).toEqual(uncut);
      }),
      { numRuns: 4, seed: 1 },
    );
  });
});

describe('a fit, cut and resumed at the beginning of an epoch,', () => {
  const epochs = 4;

  async function fit(
    make: () => tf.Optimizer,
    store: SnapshotStore,
    options: { stopAfter?: number; initialEpoch?: number; checkpointEveryEpochs?: number } = {},
  ): Promise<Ended> {
    const {
      stopAfter,
      initialEpoch = await resumeEpoch(store),
      checkpointEveryEpochs = 1,
    } = options;
    const model = tinyModel({ optimizer: make(), batchNorm: true });
    const { xs, ys } = clusters(30);
    const cut: TrainingCallback = {
      name: 'cut',
      onStepEnd: ({ step }, trainer) => {
        if (step + 1 === stopAfter) trainer.stop();
      },
    };
    await model.fit(xs, ys, {
      epochs,
      initialEpoch,
      batchSize: 10,
      shuffle: false,
      ...silent,
      callbacks: snapshotEnsembleCallback(tf, {
        cycles: 3,
        store,
        existing: 'resume-or-start',
        checkpointEveryEpochs,
        callbacks: [cut],
      }),
    });
    return endOf(model, store);
  }

  it.each(optimizers)('ends as the uncut run with %s, bit by bit', async (_, make) => {
    const uncut = await fit(make, createSnapshotStore(memoryBlobs()));
    expect(uncut.members).toHaveLength(3);
    const store = createSnapshotStore(memoryBlobs());
    await fit(make, store, { stopAfter: 6 });
    expect(await resumeEpoch(store)).toBe(2);
    expect(await fit(make, store)).toEqual(uncut);
  });

  it('goes back to the last beginning of an epoch when it was cut within one', async () => {
    const make = (): tf.Optimizer => tf.train.adam(0.01);
    const uncut = await fit(make, createSnapshotStore(memoryBlobs()));
    const store = createSnapshotStore(memoryBlobs());
    await fit(make, store, { stopAfter: 8 });
    expect(await resumeEpoch(store)).toBe(2);
    expect(await fit(make, store)).toEqual(uncut);
  });

  it('is refused where fit begins at another epoch than the checkpoint', async () => {
    const make = (): tf.Optimizer => tf.train.adam(0.01);
    const store = createSnapshotStore(memoryBlobs());
    await fit(make, store, { stopAfter: 6 });
    const wrong = fit(make, store, { initialEpoch: 0 });
    await expect(wrong).rejects.toMatchObject({ code: 'resume' });
    await expect(wrong).rejects.toThrowErrorMatchingInlineSnapshot(
      `[TfjsAdapterError: Cannot resume: this fit begins at epoch 0, but the store's newest checkpoint is of the beginning of epoch 2. Pass initialEpoch: await resumeEpoch(store) to fit.]`,
    );
  });

  it('is refused with Adamax before the first step', async () => {
    const store = createSnapshotStore(memoryBlobs());
    await expect(fit(() => tf.train.adamax(0.01), store)).rejects.toMatchObject({
      code: 'optimizer-state',
    });
    expect(await store.readManifest()).toBeUndefined();
  });

  it('refuses a number of epochs that is none', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const none = fit(() => tf.train.sgd(0.1), store, { checkpointEveryEpochs: 0 });
    await expect(none).rejects.toThrow(RangeError);
  });
});
