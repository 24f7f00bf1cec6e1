import type { Metrics, TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, useBackend, fitDataset, recorder, silent, tinyModel } from '../test/tiny.ts';
import { tfjsCallbacks } from './tfjs-callbacks.ts';
import { toTfjsCallback } from './to-tfjs-callback.ts';

beforeAll(useBackend);

type AnyCallbacks = Extract<tf.ModelFitArgs['callbacks'], tf.Callback[] | unknown[]>;
const quiet = { ...silent, shuffle: false };

/** A dataset of 6 batches of 5 rows, whose size tfjs knows or not. */
function batches(sizeKnown = true): unknown {
  const { xs, ys } = clusters(30);
  const rows = tf.data.zip({
    xs: tf.data.array(xs.arraySync()),
    ys: tf.data.array(ys.arraySync()),
  });
  if (sizeKnown) return rows.batch(5);
  const iterator = (): Iterator<tf.TensorContainer> => {
    let row = 0;
    return {
      next: () => {
        if (row === 30) return { done: true, value: undefined };
        const value = { xs: xs.slice(row, 5), ys: ys.slice(row, 5) };
        row += 5;
        return { done: false, value };
      },
    };
  };
  return tf.data.generator(iterator);
}

async function fitLines(args: tf.ModelFitArgs, callbacks?: AnyCallbacks): Promise<string[]> {
  const { callback, lines } = recorder();
  const { xs, ys } = clusters(30);
  const ours = toTfjsCallback(tf, callback);
  await tinyModel().fit(xs, ys, { ...quiet, ...args, callbacks: [ours, ...(callbacks ?? [])] });
  return lines;
}

describe('where a fit is', () => {
  it('calls the hooks in order, counting steps over the whole run', async () => {
    expect(await fitLines({ epochs: 2, batchSize: 15 })).toEqual([
      'begin 0/4',
      'step 0',
      'made 0',
      'step 1',
      'made 1',
      'epoch 0 after 1',
      'step 2',
      'made 2',
      'step 3',
      'made 3',
      'epoch 1 after 3',
      'end 4/4',
    ]);
  });

  it.each<[string, tf.ModelFitArgs, string]>([
    ['a last short batch', { epochs: 2, batchSize: 8 }, '8/8'],
    ['the default batch size of 32', { epochs: 3 }, '3/3'],
    ['validationSplit', { epochs: 2, batchSize: 6, validationSplit: 0.2 }, '8/8'],
    ['initialEpoch', { epochs: 5, initialEpoch: 2, batchSize: 10 }, '15/15'],
  ])('counts the steps of a fit with %s', async (_, args, end) => {
    expect((await fitLines(args)).at(-1)).toBe(`end ${end}`);
  });

  it('begins at initialEpoch × steps per epoch', async () => {
    const lines = await fitLines({ epochs: 4, initialEpoch: 2, batchSize: 10 });
    expect(lines[0]).toBe('begin 6/12');
    expect(lines.filter((line) => line.startsWith('epoch'))).toEqual([
      'epoch 2 after 8',
      'epoch 3 after 11',
    ]);
  });

  it('begins at firstStep where it is given', async () => {
    const { callback, lines } = recorder();
    const { xs, ys } = clusters(30);
    const callbacks = toTfjsCallback(tf, callback, { firstStep: 7 });
    await tinyModel().fit(xs, ys, { ...quiet, epochs: 2, batchSize: 10, callbacks });
    expect([lines[0], lines.at(-1)]).toEqual(['begin 7/13', 'end 13/13']);
  });

  it('says that a run was stopped in the middle of an epoch', async () => {
    const { xs, ys } = clusters(30);
    const lines: string[] = [];
    const callback: TrainingCallback = {
      name: 'stop at step 3',
      onStepEnd: ({ step }, trainer) => {
        if (step === 3) trainer.stop();
      },
      onEpochEnd: ({ step }) => void lines.push(`epoch after ${step}`),
      onTrainEnd: ({ step, outcome }) => void lines.push(`end ${step} ${outcome}`),
    };
    const callbacks = toTfjsCallback(tf, callback);
    await tinyModel().fit(xs, ys, { ...quiet, epochs: 4, batchSize: 10, callbacks });
    expect(lines).toEqual(['epoch after 2', 'epoch after 3', 'end 4 stopped']);
  });

  it('runs beside early stopping, which ends the run at an epoch', async () => {
    const early = tf.callbacks.earlyStopping({ monitor: 'loss', minDelta: 1e9 });
    const lines = await fitLines({ epochs: 9, batchSize: 10 }, [early]);
    expect(lines.at(-1)).toBe('end 6/27 stopped');
  });
});

describe('where a fitDataset is', () => {
  it.each<[string, boolean, { batchesPerEpoch?: number }, number?]>([
    ['a dataset that knows its size', true, {}],
    ['batchesPerEpoch', false, { batchesPerEpoch: 3 }],
    ['the option stepsPerEpoch', false, {}, 6],
  ])('counts the steps of %s', async (_, sizeKnown, args, stepsPerEpoch) => {
    const { callback, lines } = recorder();
    const callbacks = toTfjsCallback(tf, callback, { ...(stepsPerEpoch && { stepsPerEpoch }) });
    await fitDataset(tinyModel(), batches(sizeKnown), { epochs: 2, ...args, callbacks });
    const steps = 2 * (args.batchesPerEpoch ?? 6);
    expect([lines[0], lines.at(-1)]).toEqual([`begin 0/${steps}`, `end ${steps}/${steps}`]);
  });

  it('begins at initialEpoch, which tfjs does not tell callbacks', async () => {
    const { callback, lines } = recorder();
    const callbacks = toTfjsCallback(tf, callback);
    await fitDataset(tinyModel(), batches(), { epochs: 3, initialEpoch: 2, callbacks });
    expect(lines[0]).toBe('begin 12/18');
  });

  it('refuses a generator of unknown length before step 0', async () => {
    const { callback, lines } = recorder();
    const model = tinyModel();
    const fit = fitDataset(model, batches(false), {
      epochs: 2,
      callbacks: toTfjsCallback(tf, callback),
    });
    await expect(fit).rejects.toMatchObject({ code: 'unknown-steps' });
    await expect(fit).rejects.toThrowErrorMatchingInlineSnapshot(
      `[TfjsAdapterError: fitDataset does not know how many batches an epoch of this dataset has (a generator has no known length), so it cannot plan the cycles. Pass batchesPerEpoch to fitDataset, or stepsPerEpoch to the callback.]`,
    );
    expect(lines).toEqual([]);
    expect(model.optimizer.iterations).toBe(0);
  });

  it('refuses a dataset that is longer than it was said to be', async () => {
    const { callback, lines } = recorder();
    const callbacks = toTfjsCallback(tf, callback, { stepsPerEpoch: 4 });
    const fit = fitDataset(tinyModel(), batches(false), { epochs: 1, callbacks });
    await expect(fit).rejects.toMatchObject({ code: 'wrong-steps' });
    expect(lines.slice(-2)).toEqual(['made 3', 'end 4/4 failed']);
  });

  it('refuses a stepsPerEpoch that contradicts what is known', async () => {
    const callbacks = toTfjsCallback(tf, recorder().callback, { stepsPerEpoch: 4 });
    const fit = fitDataset(tinyModel(), batches(), { epochs: 1, callbacks });
    await expect(fit).rejects.toThrow(RangeError);
  });
});

describe('metrics', () => {
  it('reads a step on request and an epoch always, and leaves them to tfjs', async () => {
    const steps: Metrics[] = [];
    const epochs: Metrics[] = [];
    const callback: TrainingCallback = {
      name: 'read metrics',
      onStepEnd: async (result) => void steps.push(await result.readMetrics()),
      onEpochEnd: ({ metrics }) => void epochs.push(metrics),
    };
    const { xs, ys } = clusters(30);
    const { history } = await tinyModel().fit(xs, ys, {
      ...quiet,
      epochs: 2,
      validationData: [xs, ys],
      callbacks: toTfjsCallback(tf, callback),
    });
    expect(Object.keys(steps[0]!)).toEqual(['loss', 'acc']);
    expect(epochs.map(({ loss }) => loss)).toEqual(history['loss']);
    expect(epochs.map((metrics) => metrics['val_loss'])).toEqual(history['val_loss']);
    expect(steps.map(({ loss }) => loss)).toEqual(history['loss']);
  });
});

describe('a place in the array of callbacks', () => {
  it('works after and before other tf.Callbacks, plain objects wrapped', async () => {
    const epochs: number[] = [];
    const wrapped = new tf.CustomCallback({ onEpochEnd: (epoch) => void epochs.push(epoch) });
    const { callback, lines } = recorder();
    const { xs, ys } = clusters(30);
    await tinyModel().fit(xs, ys, {
      ...quiet,
      epochs: 2,
      callbacks: [wrapped, toTfjsCallback(tf, callback)],
    });
    expect(epochs).toEqual([0, 1]);
    expect(lines.at(-1)).toBe('end 2/2');
  });

  it.each(['after', 'before'])('takes plain objects %s it in tfjsCallbacks', async (where) => {
    const epochs: number[] = [];
    const plain = { onEpochEnd: (epoch: number) => void epochs.push(epoch) };
    const { callback, lines } = recorder();
    const ours = toTfjsCallback(tf, callback);
    const early = tf.callbacks.earlyStopping({ monitor: 'loss', patience: 9 });
    const all = where === 'after' ? [ours, early, plain] : [plain, early, ours];
    const { xs, ys } = clusters(30);
    await tinyModel().fit(xs, ys, { ...quiet, epochs: 2, callbacks: tfjsCallbacks(tf, all) });
    expect(epochs).toEqual([0, 1]);
    expect(lines.at(-1)).toBe('end 2/2');
  });

  const fitAsIs = (model: tf.LayersModel, callbacks: readonly unknown[]): Promise<unknown> => {
    const { xs, ys } = clusters(30);
    return model.fit(xs, ys, { ...quiet, epochs: 1, callbacks: callbacks as tf.Callback[] });
  };
  const plain = { onEpochEnd: () => undefined };
  const wrappedPlain = (): tf.CustomCallback => new tf.CustomCallback(plain);

  it.each(['fit', 'fitDataset'] as const)(
    'has %s say what to do with plain objects, before step 0',
    async (method) => {
      const { callback, lines } = recorder();
      const ours = toTfjsCallback(tf, callback);
      const model = tinyModel();
      for (const callbacks of [
        [ours, plain],
        [plain, ours],
        [ours, wrappedPlain(), plain],
      ]) {
        const fit =
          method === 'fit'
            ? fitAsIs(model, callbacks)
            : fitDataset(model, batches(), { epochs: 1, callbacks });
        await expect(fit).rejects.toMatchObject({
          name: 'TfjsAdapterError',
          code: 'mixed-callbacks',
          message: `callbacks[${callbacks.indexOf(plain)}] is a plain object, { onEpochEnd }; TensorFlow.js takes plain objects only if every entry is one. Pass callbacks: tfjsCallbacks(tf, [snapshotEnsembleCallback(tf), { onEpochEnd }]), in any order.`,
        });
      }
      expect([lines, model.optimizer.iterations]).toEqual([[], 0]);
      await fitAsIs(model, [ours]);
      expect(lines.at(-1)).toBe('end 1/1');
    },
  );

  it('leaves to tfjs what tfjs takes', async () => {
    toTfjsCallback(tf, recorder().callback);
    await fitAsIs(tinyModel(), [plain, plain]);
    await fitAsIs(tinyModel(), [wrappedPlain(), wrappedPlain()]);
    await expect(fitAsIs(tinyModel(), [wrappedPlain(), plain])).rejects.toThrow('setParams');
    expect(wrappedPlain()).toBeInstanceOf(tf.CustomCallback);
    expect([plain, [], null].map((value) => (value as unknown) instanceof tf.Callback)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('says that the model is of another copy of tfjs, which wraps ours as a plain object', async () => {
    const wrapped = new tf.CustomCallback(toTfjsCallback(tf, recorder().callback));
    await expect(fitAsIs(tinyModel(), [wrapped])).rejects.toMatchObject({
      code: 'other-tfjs',
      message: expect.stringContaining('Pass the module that made the model as `tf`') as string,
    });
  });
});

describe('the learning rate of the optimizer', () => {
  const setTo: TrainingCallback = {
    name: 'set learning rate',
    onStepBegin: (_, trainer) => {
      trainer.setLearningRate(0.5);
    },
  };
  const fitWith = async (optimizer: tf.Optimizer, callbacks: AnyCallbacks): Promise<unknown> => {
    const { xs, ys } = clusters(30);
    return tinyModel({ optimizer }).fit(xs, ys, { ...quiet, epochs: 1, callbacks });
  };

  it.each([
    ['SGD', () => tf.train.sgd(0.1)],
    ['Adam', () => tf.train.adam(0.1)],
  ])('of %s is back after training', async (_, make) => {
    const optimizer = make();
    await fitWith(optimizer, [toTfjsCallback(tf, setTo)]);
    expect(optimizer.getConfig()['learningRate']).toBe(0.1);
  });

  it('is back after a hook that threw', async () => {
    const optimizer = tf.train.sgd(0.1);
    const failing: TrainingCallback = {
      ...setTo,
      onStepEnd: () => {
        throw new Error('disk full');
      },
    };
    await expect(fitWith(optimizer, [toTfjsCallback(tf, failing)])).rejects.toThrow('disk full');
    expect(optimizer.getConfig()['learningRate']).toBe(0.1);
  });

  it('is found again by the next fit where another callback threw', async () => {
    const optimizer = tf.train.sgd(0.1);
    const ours = toTfjsCallback(tf, setTo);
    let broken = true;
    const other = new tf.CustomCallback({
      onBatchEnd: () => {
        if (broken) throw new Error('not ours');
      },
    });
    await expect(fitWith(optimizer, [ours, other])).rejects.toThrow('not ours');
    broken = false;
    await fitWith(optimizer, [ours, other]);
    expect(optimizer.getConfig()['learningRate']).toBe(0.1);
  });
});
