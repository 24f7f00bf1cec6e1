import {
  createSnapshotStore,
  type Manifest,
  memoryBlobs,
  type SnapshotStore,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  clusters,
  collect,
  useBackend,
  fitDataset,
  silent,
  tinyModel,
  weightValues,
} from '../test/tiny.ts';
import { generateSnapshotCallbacks } from './generate-snapshot-callbacks.ts';
import {
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from './snapshot-ensemble-callback.ts';

// The README's table of cases, line by line: 30 rows in batches of 10 are 3 steps an epoch.

let store: SnapshotStore;
let data: { xs: tf.Tensor2D; ys: tf.Tensor2D };

beforeAll(useBackend);
beforeEach(() => {
  store = createSnapshotStore(memoryBlobs());
  data = clusters(30);
});

const manifestOf = async (): Promise<Manifest> => (await store.readManifest())!;
const stepsOf = async (): Promise<number[]> => (await manifestOf()).members.map(({ step }) => step);

function fit(
  model: tf.LayersModel,
  args: tf.ModelFitArgs,
  options: SnapshotEnsembleOptions = { cycles: 2 },
  others: readonly (tf.Callback | tf.CustomCallback)[] = [],
): Promise<unknown> {
  const callbacks = [snapshotEnsembleCallback(tf, { ...options, store }), ...others];
  return model.fit(data.xs, data.ys, {
    batchSize: 10,
    shuffle: false,
    ...silent,
    ...args,
    callbacks,
  });
}

/** Stops the training after an update. */
function stopAfter(model: tf.LayersModel, updates: number): TrainingCallback {
  return {
    name: 'stop',
    onStepEnd: ({ step }) => {
      if (step + 1 === updates) model.stopTraining = true;
    },
  };
}

describe('a member after each cycle, with', () => {
  it.each<[string, () => tf.ModelFitArgs, number[]]>([
    ['validationData', () => ({ epochs: 4, validationData: [data.xs, data.ys] }), [6, 12]],
    ['validationSplit', () => ({ epochs: 4, validationSplit: 0.4 }), [4, 8]],
    ['initialEpoch', () => ({ epochs: 4, initialEpoch: 2 }), [12]],
    ['a last short batch', () => ({ epochs: 4, batchSize: 8 }), [8, 16]],
  ])('%s', async (_, args, steps) => {
    await fit(tinyModel(), args());
    expect(await stepsOf()).toEqual(steps);
  });

  it('batchesPerEpoch', async () => {
    const rows = tf.data.zip({
      xs: tf.data.array(data.xs.arraySync()),
      ys: tf.data.array(data.ys.arraySync()),
    });
    const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store });
    await fitDataset(tinyModel(), rows.repeat().batch(5), {
      epochs: 4,
      batchesPerEpoch: 2,
      callbacks,
    });
    expect(await stepsOf()).toEqual([4, 8]);
  });
});

describe('a run that ends early', () => {
  it('leaves a member of the cycle it was stopped in, and is not complete', async () => {
    const model = tinyModel();
    // The inner model of a Sequential is the one that trains; stopping either one works.
    await fit(model, { epochs: 4 }, { cycles: 2, callbacks: [stopAfter(model, 8)] });
    expect(await stepsOf()).toEqual([6, 8]);
    expect((await manifestOf()).completed).toBe(false);
  });

  it('leaves the weights that training ended with as that member', async () => {
    const model = tinyModel();
    await fit(model, { epochs: 4 }, { cycles: 2, callbacks: [stopAfter(model, 8)] });
    const { members } = await manifestOf();
    const saved = await collect(store.readMember(members[1]!.id));
    expect(saved.map(({ data: values }) => [...values])).toEqual(weightValues(model));
  });

  it('by early stopping leaves a member at the end of that epoch', async () => {
    const early = tf.callbacks.earlyStopping({ monitor: 'loss', minDelta: 1e9 });
    await fit(tinyModel(), { epochs: 8 }, { cycles: 2 }, [early]);
    expect(await stepsOf()).toEqual([6]);
  });
});

describe('a throw inside fit', () => {
  /** Throws once, in the hook of another callback after 8 updates, where tfjs tells ours nothing more. */
  function throwingOnce(): tf.CustomCallback {
    let updates = 0;
    return new tf.CustomCallback({
      onBatchEnd: () => {
        updates += 1;
        if (updates === 8) throw new Error('planted');
      },
    });
  }

  it('keeps the members that were saved, and lets the same callback begin again', async () => {
    const ours = snapshotEnsembleCallback(tf, { cycles: 2, store, existing: 'resume-or-start' });
    const args = { epochs: 4, batchSize: 10, ...silent, callbacks: [ours, throwingOnce()] };
    const model = tinyModel();
    await expect(model.fit(data.xs, data.ys, args)).rejects.toThrow('planted');
    expect(await stepsOf()).toEqual([6]);
    await model.fit(data.xs, data.ys, args);
    expect(await stepsOf()).toEqual([6, 12]);
    expect((await manifestOf()).completed).toBe(true);
  });

  it.each([
    ['the same model', true],
    ['another model', false],
  ])('leaves the store to the next fit of %s, without breakLock', async (_, isSame) => {
    const blobs = memoryBlobs();
    const model = tinyModel();
    const args = { epochs: 4, batchSize: 10, ...silent };
    // Every fit has callbacks and stores of its own, as in a program that tries again.
    const callbacks = (existing: 'refuse' | 'overwrite') =>
      snapshotEnsembleCallback(tf, { cycles: 2, store: blobs, existing, checkpointEveryEpochs: 1 });
    const failing = { ...args, callbacks: [callbacks('refuse'), throwingOnce()] };
    await expect(model.fit(data.xs, data.ys, failing)).rejects.toThrow('planted');
    const next = isSame ? model : tinyModel();
    await next.fit(data.xs, data.ys, { ...args, callbacks: callbacks('overwrite') });
    const manifest = await createSnapshotStore(blobs).readManifest();
    expect(manifest!.members.map(({ step }) => step)).toEqual([6, 12]);
  });

  it('keeps a second fit out while the first goes on, and says that it is this process', async () => {
    const blobs = memoryBlobs();
    const args = { epochs: 2, batchSize: 10, ...silent };
    let second: Promise<unknown> | undefined;
    const trying: TrainingCallback = {
      name: 'trying',
      async onStepEnd() {
        const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store: blobs });
        second ??= tinyModel().fit(data.xs, data.ys, { ...args, callbacks });
        await expect(second).rejects.toThrow(/^This process( \(\d+\))? already holds this store/);
      },
    };
    const options = { cycles: 2, store: blobs, callbacks: [trying] };
    const callbacks = snapshotEnsembleCallback(tf, options);
    await tinyModel().fit(data.xs, data.ys, { ...args, callbacks });
    expect(second).toBeDefined();
    expect((await createSnapshotStore(blobs).readManifest())!.completed).toBe(true);
  });

  it('in a callback beside ours lets go of the store', async () => {
    const blobs = memoryBlobs();
    const failing: TrainingCallback = {
      name: 'failing',
      onStepEnd: ({ step }) => {
        if (step === 7) throw new Error('planted');
      },
    };
    const callbacks = snapshotEnsembleCallback(tf, {
      cycles: 2,
      store: blobs,
      callbacks: [failing],
    });
    const args = { epochs: 4, batchSize: 10, ...silent };
    await expect(tinyModel().fit(data.xs, data.ys, { ...args, callbacks })).rejects.toThrow(
      'planted',
    );
    const next = snapshotEnsembleCallback(tf, { cycles: 2, store: blobs, existing: 'overwrite' });
    await tinyModel().fit(data.xs, data.ys, { ...args, callbacks: next });
    const manifest = await createSnapshotStore(blobs).readManifest();
    expect(manifest!.members.map(({ step }) => step)).toEqual([6, 12]);
  });
});

describe("existing: 'resume'", () => {
  it('is refused before the first step where there is no checkpoint', async () => {
    const options = { cycles: 2, existing: 'resume', checkpointEveryEpochs: 1 } as const;
    const model = tinyModel();
    await expect(fit(model, { epochs: 4 }, options)).rejects.toMatchObject({
      code: 'nothing-to-resume',
    });
    expect(model.optimizer.iterations).toBe(0);
    expect(await store.readManifest()).toBeUndefined();
    await fit(model, { epochs: 4 }, { cycles: 2 });
    await expect(fit(model, { epochs: 4 }, options)).rejects.toMatchObject({
      code: 'nothing-to-resume',
    });
  });
});

describe('two fits in a row', () => {
  it('are two runs: the second is refused where the store holds the first', async () => {
    const model = tinyModel();
    const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store });
    const args = { epochs: 2, batchSize: 10, ...silent, callbacks };
    await model.fit(data.xs, data.ys, args);
    await expect(model.fit(data.xs, data.ys, args)).rejects.toMatchObject({ code: 'exists' });
  });

  it('each begin their schedule anew', async () => {
    const rates: number[] = [];
    const optimizer = tf.train.sgd(0.4);
    const model = tinyModel({ optimizer });
    const note: TrainingCallback = {
      name: 'note',
      onStepEnd: () =>
        void rates.push((optimizer.getConfig() as { learningRate: number }).learningRate),
    };
    const options: SnapshotEnsembleOptions = {
      cycles: 1,
      existing: 'overwrite',
      callbacks: [note],
    };
    await fit(model, { epochs: 1 }, options);
    await fit(model, { epochs: 1 }, options);
    expect(rates.slice(3)).toEqual(rates.slice(0, 3));
  });
});

describe('generateSnapshotCallbacks', () => {
  it('keeps the best weights on validation loss apart from the members', async () => {
    const bestStore = createSnapshotStore(memoryBlobs());
    const model = tinyModel();
    const losses: number[] = [];
    const values: number[][][] = [];
    const note: TrainingCallback = {
      name: 'note',
      onEpochEnd: ({ metrics }) => {
        losses.push(metrics['val_loss']!);
        values.push(weightValues(model));
      },
    };
    const validationData: [tf.Tensor, tf.Tensor] = [clusters(12, 5).xs, clusters(12, 5).ys];
    await model.fit(data.xs, data.ys, {
      epochs: 6,
      batchSize: 10,
      ...silent,
      validationData,
      callbacks: generateSnapshotCallbacks(tf, {
        cycleLength: 2,
        lrInit: 0.1,
        store,
        bestStore,
        callbacks: [note],
      }),
    });
    const { members } = (await bestStore.readManifest())!;
    const lowest = losses.indexOf(Math.min(...losses));
    expect(members.map(({ step }) => step)).toEqual([3 * (lowest + 1)]);
    const saved = await collect(bestStore.readMember(members[0]!.id));
    expect(saved.map((tensor) => [...tensor.data])).toEqual(values[lowest]);
    expect((await stepsOf()).at(-1)).toBe(18);
  });

  it('says what is missing without validation data', async () => {
    const callbacks = generateSnapshotCallbacks(tf, { store, bestStore: memoryBlobs() });
    const training = tinyModel().fit(data.xs, data.ys, {
      epochs: 1,
      batchSize: 10,
      ...silent,
      callbacks,
    });
    await expect(training).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RangeError: keepBest: an epoch has no metric "val_loss". It has: loss, acc. Give the training validation data, or keepBest another metric.]`,
    );
  });

  it('asks for a second store beside a store of your own', () => {
    expect(() => generateSnapshotCallbacks(tf, { store })).toThrow(TypeError);
  });
});
