import { memoryBlobs, type TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { clusters, fitDataset, silent, tinyModel, useBackend, weightValues } from '../test/tiny.ts';
import { generateSnapshotCallbacks } from './generate-snapshot-callbacks.ts';
import { loadMembers } from './load-members.ts';
import { asSnapshotStore } from './member-artifacts.ts';
import { pythonDefaults } from './plan-options.ts';
import {
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from './snapshot-ensemble-callback.ts';
import type { Tf } from './tf.ts';
import { toTfjsCallback } from './to-tfjs-callback.ts';
import { trainSteps, type TrainStepsOptions } from './train-steps.ts';
import { tfjsTrainer } from './trainer.ts';

beforeAll(useBackend);

let data: ReturnType<typeof clusters>;
let blobs: ReturnType<typeof memoryBlobs>;
beforeEach(() => {
  data = clusters(30);
  blobs = memoryBlobs();
});

/** Three steps an epoch. */
const fit = (
  model: tf.LayersModel,
  options: SnapshotEnsembleOptions,
  args: tf.ModelFitArgs = {},
): Promise<unknown> =>
  model.fit(data.xs, data.ys, {
    ...{ epochs: 4, batchSize: 10, ...silent, shuffle: false },
    ...args,
    callbacks: snapshotEnsembleCallback(tf, { store: blobs, ...options }),
  });
const storedSteps = async (): Promise<number[]> =>
  (await asSnapshotStore(blobs).readManifest())!.members.map(({ step }) => step);

describe('a call that leaves out tfjs says so', () => {
  const noTf = { cycles: 3 } as unknown as Tf;
  it.each<[string, () => unknown]>([
    ['snapshotEnsembleCallback', () => snapshotEnsembleCallback(noTf)],
    ['generateSnapshotCallbacks', () => generateSnapshotCallbacks(noTf)],
    ['toTfjsCallback', () => toTfjsCallback(noTf, { name: 'none' })],
    ['tfjsTrainer', () => tfjsTrainer(noTf, tinyModel())],
  ])('%s', (name, call) => {
    expect(call).toThrow(
      `${name}: the first argument must be the TensorFlow.js module, got an object with cycles.`,
    );
  });

  it('loadMembers', async () => {
    const call = loadMembers as unknown as (...given: unknown[]) => Promise<unknown>;
    await expect(call('Ensemble')).rejects.toThrow('the TensorFlow.js module, got Ensemble');
    await expect(call(undefined)).rejects.toThrow(TypeError);
  });
});

describe('an option that does not exist is refused, with the nearest that does', () => {
  const begin = (options: object) => (): unknown => snapshotEnsembleCallback(tf, options);
  it.each<[string, () => unknown, string]>([
    ['cycle', begin({ cycle: 3 }), 'there is no option "cycle". Did you mean "cycles"?'],
    ['etaMin', begin({ etaMin: 0 }), 'there is no option "etaMin". Did you mean "lrMin"?'],
    [
      'numSnapshots',
      begin({ numSnapshots: 3 }),
      '"numSnapshots" belongs into ensembleOptions: { numSnapshots: … }.',
    ],
    [
      'dirPath',
      begin({ ensembleOptions: { dirPath: 'x' } }),
      'ensembleOptions: there is no option "dirPath". Did you mean "dirpath"?',
    ],
    [
      'cycles and cycleLength',
      begin({ cycles: 3, cycleLength: 2 }),
      'cycles makes equal cycles, cycleLength growing ones.',
    ],
    [
      'cycleLengthMultiplier alone',
      begin({ cycleLengthMultiplier: 2 }),
      'cycleLengthMultiplier needs cycleLength',
    ],
    [
      'planOf and lrInit',
      begin({ planOf: () => undefined, lrInit: 1 }),
      'planOf makes the whole plan; "lrInit" has no say beside it.',
    ],
    [
      'of generateSnapshotCallbacks',
      () => generateSnapshotCallbacks(tf, { bestStor: blobs } as object),
      'Did you mean "bestStore"?',
    ],
    [
      'of toTfjsCallback',
      () => toTfjsCallback(tf, { name: 'none' }, { stepPerEpoch: 3 } as object),
      'Did you mean "stepsPerEpoch"?',
    ],
    [
      'of tfjsTrainer',
      () => tfjsTrainer(tf, tinyModel(), undefined, { batchNorm: 1 } as object),
      'Did you mean "batchNormData"?',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('of trainSteps, loadMembers, predict and evaluate', async () => {
    const part = { trainer: tfjsTrainer(tf, tinyModel()), callback: { name: 'none' } };
    const options = { totalStep: 3 } as unknown as TrainStepsOptions;
    await expect(trainSteps(tf, part, options)).rejects.toThrow('Did you mean "totalSteps"?');
    await fit(tinyModel(), { cycles: 2 });
    const lost = loadMembers(tf, blobs, { lasts: 1 } as object);
    await expect(lost).rejects.toThrow('Did you mean "last"?');
    const ensemble = await loadMembers(tf, blobs);
    const batch = { batchsize: 1 } as object;
    await expect(ensemble.predict(data.xs, batch)).rejects.toThrow('Did you mean "batchSize"?');
    const rivals = { rivals: data.ys } as object;
    await expect(ensemble.evaluate(data.xs, data.ys, rivals)).rejects.toThrow('"rival"?');
  });

  it('but not those of the Python preset', () => {
    expect(() => snapshotEnsembleCallback(tf, { ...pythonDefaults, store: blobs })).not.toThrow();
  });
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
      const broken = model.fit(data.xs, data.ys, { ...args, callbacks: [ours, failing()] });
      await expect(broken).rejects.toThrow('planted');
      expect(rateOf(model)).toBeLessThan(0.1);
      await fit(model, { cycles: 2 });
      const { schedule } = (await asSnapshotStore(blobs).readManifest())!;
      expect(schedule.map(({ lrMax }) => lrMax)).toEqual([0.1, 0.1]);
      expect(rateOf(model)).toBe(0.1);
    },
  );

  it('is what the user set in between', async () => {
    const optimizer = tf.train.sgd(0.1);
    const model = tinyModel({ optimizer });
    const ours = snapshotEnsembleCallback(tf, { cycles: 1, store: memoryBlobs() });
    const args = { epochs: 4, batchSize: 10, ...silent, callbacks: [ours, failing()] };
    await expect(model.fit(data.xs, data.ys, args)).rejects.toThrow('planted');
    optimizer.setLearningRate(0.3);
    await fit(model, { cycles: 1 });
    expect((await asSnapshotStore(blobs).readManifest())!.schedule[0]!.lrMax).toBe(0.3);
  });
});

describe('a stepsPerEpoch that is wrong is said after the first epoch', () => {
  const dataset = (): unknown =>
    tf.data
      .zip({ xs: tf.data.array(rows(data.xs)), ys: tf.data.array(rows(data.ys)) })
      .batch(10)
      .filter(() => true);
  const rows = (tensor: tf.Tensor2D): number[][] => tensor.arraySync();

  it.each([
    ['too few', 2, 'has more than the 2 batches'],
    ['too many', 5, 'had 3 batches, not the 5'],
  ])('%s', async (_, stepsPerEpoch, message) => {
    const model = tinyModel();
    const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store: blobs, stepsPerEpoch });
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
      store: blobs,
      stepsPerEpoch: 3,
      callbacks: [stop],
    });
    await fitDataset(tinyModel(), dataset(), { epochs: 4, callbacks });
    expect(await storedSteps()).toEqual([1]);
  });
});

describe('names that clash in submodels', () => {
  it('are refused before the first step', async () => {
    const half = (): tf.Sequential =>
      tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], name: 'dense' })] });
    const input = tf.input({ shape: [4] });
    const sum = tf.layers
      .add()
      .apply([half(), half()].map((part) => part.apply(input)) as tf.SymbolicTensor[]);
    const model = tf.model({ inputs: input, outputs: sum as tf.SymbolicTensor });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = weightValues(model);
    await expect(fit(model, { cycles: 2 })).rejects.toMatchObject({
      code: 'weight-names',
      message: expect.stringContaining('"dense/kernel", "dense/bias"') as string,
    });
    expect(weightValues(model)).toEqual(before);
    expect(await asSnapshotStore(blobs).readManifest()).toBeUndefined();
  });
});

describe('a training that diverges', () => {
  it('names the weight that is no number, and keeps the members before', async () => {
    const model = tinyModel();
    const spoil: TrainingCallback = {
      name: 'spoil',
      onStepEnd: ({ step }) => {
        if (step !== 8) return;
        const [kernel, ...rest] = model.getWeights();
        model.setWeights([kernel!.mul(Number.NaN), ...rest]);
      },
    };
    await expect(fit(model, { cycles: 3, callbacks: [spoil] })).rejects.toMatchObject({
      code: 'non-finite-weight',
      message: expect.stringContaining('"hidden/kernel" holds NaN') as string,
    });
    expect(await storedSteps()).toEqual([4, 8]);
  });
});

describe('a member that a stop left in the middle of its cycle', () => {
  it('is marked, and left out where only annealed ones are asked for', async () => {
    const stop: TrainingCallback = {
      name: 'stop',
      onStepEnd: ({ step }, trainer) => {
        if (step === 5) trainer.stop();
      },
    };
    await fit(tinyModel(), { cycles: 3, callbacks: [stop] });
    const { members } = await loadMembers(tf, blobs);
    expect(members.map(({ step, isAnnealed }) => [step, isAnnealed])).toEqual([
      [4, true],
      [6, false],
    ]);
    const annealed = await loadMembers(tf, blobs, { onlyAnnealed: true });
    expect(annealed.members.map(({ step }) => step)).toEqual([4]);
    const last = await loadMembers(tf, blobs, { onlyAnnealed: true, last: 1 });
    expect(last.members.map(({ step }) => step)).toEqual([4]);
    await expect(loadMembers(tf, blobs, { onlyAnnealed: true, last: 2 })).rejects.toThrow(
      'asked for 2 members; the store has 1 that annealed',
    );
  });
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
    await fit(tinyModel({ optimizer }), { ...checkpoints, callbacks: [stop()] }, { epochs });
  };
  const resume = (model: tf.LayersModel): Promise<unknown> =>
    fit(model, { ...checkpoints, existing: 'resume' }, { epochs, initialEpoch: 1 });

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
    expect(await storedSteps()).toEqual([3, 6]);
  });
});

describe('with verbose', () => {
  it('a line is written for every snapshot', async () => {
    const lines: unknown[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
    await fit(tinyModel(), { cycles: 3, verbose: 1 });
    await fit(tinyModel(), { cycles: 2, existing: 'overwrite' });
    log.mockRestore();
    expect(lines).toEqual(
      [1, 2, 3].map(
        (cycle) =>
          expect.stringMatching(
            `^Snapshot of cycle ${cycle} of 3, step ${cycle * 4}: loss [0-9.]+, acc [0-9.]+, learning rate [0-9.]+$`,
          ) as string,
      ),
    );
  });
});
