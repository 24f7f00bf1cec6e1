import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import {
  createSnapshotStore,
  memoryBlobs,
  type ModelArtifacts,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, useBackend, silent, tinyModel } from '../test/tiny.ts';
import { loadMembers } from './load-members.ts';
import { memberArtifacts, memberIOHandler } from './member-artifacts.ts';
import { modelArtifacts } from './model-artifacts.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';

let store: SnapshotStore;
/** What the model predicted at the end of each cycle, 30 rows. */
const predictedInTraining: number[][] = [];
let trained: tf.LayersModel;

async function fit(
  model: tf.LayersModel,
  xs: tf.Tensor,
  ys: tf.Tensor | tf.Tensor[],
): Promise<SnapshotStore> {
  const into = createSnapshotStore(memoryBlobs());
  const atCycleEnd = {
    name: 'predict at cycle ends',
    onStepEnd: ({ step }: { step: number }) => {
      if (step % 5 !== 4) return;
      const outputs = [model.predict(xs)].flat();
      predictedInTraining.push([...outputs[0]!.dataSync()]);
    },
  };
  const callbacks = snapshotEnsembleCallback(tf, {
    cycles: 3,
    lrInit: 0.3,
    store: into,
    callbacks: [atCycleEnd],
  });
  await model.fit(xs, ys, { epochs: 5, batchSize: 10, ...silent, callbacks });
  return into;
}

beforeAll(async () => {
  await useBackend();
  const { xs, ys } = clusters(30);
  trained = tinyModel({ batchNorm: true });
  store = await fit(trained, xs, ys);
});

const values = (tensor: tf.Tensor | tf.Tensor[]): number[] => [...[tensor].flat()[0]!.dataSync()];

function expectClose(came: readonly number[], expected: readonly number[]): void {
  expect(came.length).toBe(expected.length);
  came.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, 6);
  });
}

const meanOf = (rows: readonly number[][]): number[] =>
  rows[0]!.map((_, index) => rows.reduce((sum, row) => sum + row[index]!, 0) / rows.length);

describe('loadMembers', () => {
  it('gives each member the outputs it had when it was saved', async () => {
    const ensemble = await loadMembers(tf, store);
    const outputs = await ensemble.predictMembers(clusters(30).xs);
    expect(outputs.shape).toEqual([3, 30, 3]);
    expectClose(values(outputs), predictedInTraining.flat());
  });

  it('answers rows outside TensorFlow.js, by the names of a bundle', async () => {
    const ensemble = await loadMembers(tf, store);
    const { xs } = clusters(30);
    const names = { inputs: [{ name: 'x' }], outputs: ['classes'] };
    const rows = { x: { data: xs.dataSync() as Float32Array, shape: xs.shape } };
    const before = tf.memory().numTensors;
    const answers = await ensemble.answers(rows, names);
    expect(tf.memory().numTensors).toBe(before);
    expect(answers.map((each) => each['classes']!.shape)).toEqual([
      [30, 3],
      [30, 3],
      [30, 3],
    ]);
    expectClose(
      answers.flatMap((each) => [...each['classes']!.data]),
      predictedInTraining.flat(),
    );
    await expect(ensemble.answers({ y: rows.x }, names)).rejects.toThrow(
      'answers: the rows have no "x"; they have y. Give every input of the model.',
    );
    await expect(ensemble.answers(rows, { ...names, outputs: ['a', 'b'] })).rejects.toThrow(
      'got 2 names of outputs (a, b); the model has 1',
    );
  });

  it('averages probabilities over all members', async () => {
    const ensemble = await loadMembers(tf, store);
    const outputs = await ensemble.predict(clusters(30).xs);
    expect(outputs.shape).toEqual([30, 3]);
    expectClose(values(outputs), meanOf(predictedInTraining));
  });

  it.each([
    ['the last two', { last: 2 }, [1, 2]],
    ['a policy', { policy: meanPolicy('probabilities', [0, 2]) }, [0, 2]],
  ])('takes %s', async (_, selection, expected) => {
    const ensemble = await loadMembers(tf, store, selection);
    expect(ensemble.members.map(({ cycle }) => cycle)).toEqual(expected);
    const outputs = await ensemble.predict(clusters(30).xs);
    expectClose(values(outputs), meanOf(expected.map((cycle) => predictedInTraining[cycle]!)));
  });

  it.each([
    ['lowest', 'loss', 1],
    ['highest', 'acc', -1],
  ])('takes the best on the %s %s', async (_, metric, sign) => {
    const { members } = (await store.readManifest())!;
    const ranked = [...members].sort((a, b) => sign * (a.metrics[metric]! - b.metrics[metric]!));
    const ensemble = await loadMembers(tf, store, { best: 1, metric });
    expect(ensemble.members).toEqual([{ ...ranked[0], isAnnealed: true }]);
  });

  it('takes members by id, oldest first', async () => {
    const { members } = (await store.readManifest())!;
    const ids = [members[2]!.id, members[0]!.id];
    const ensemble = await loadMembers(tf, store, { ids });
    expect(ensemble.members.map(({ cycle }) => cycle)).toEqual([0, 2]);
  });

  it('does not depend on the batch size', async () => {
    const ensemble = await loadMembers(tf, store);
    const [one, all] = [7, 30].map((batchSize) => ensemble.predict(clusters(30).xs, { batchSize }));
    expectClose(values(await one!), values(await all!));
  });

  it.each([
    ['one-hot rows', (ys: tf.Tensor2D) => ys],
    ['class indices', (ys: tf.Tensor2D) => ys.argMax(1)],
  ])('evaluates itself and its members on %s', async (_, targetsOf) => {
    const { xs, ys } = clusters(30);
    const ensemble = await loadMembers(tf, store);
    const { ensemble: metrics, members } = await ensemble.evaluate(xs, targetsOf(ys));
    expect(Object.keys(metrics)).toEqual(['accuracy', 'nll', 'brier']);
    expect(members.map(({ id }) => id)).toEqual(ensemble.members.map(({ id }) => id));
    // The last member is the model as training left it.
    const [loss, accuracy] = (trained.evaluate(xs, ys) as tf.Scalar[]).map(
      (score) => score.dataSync()[0]!,
    );
    expect(members[2]!.metrics['nll']).toBeCloseTo(loss!, 5);
    expect(members[2]!.metrics['accuracy']).toBeCloseTo(accuracy!, 5);
  });

  it('ends an evaluation with a verdict', async () => {
    const { xs, ys } = clusters(60);
    const ensemble = await loadMembers(tf, store);
    const {
      verdicts: [alone],
    } = await ensemble.evaluate(xs, ys);
    expect(alone!.contestants.map(({ against }) => against)).toEqual(['its best member']);
    const againstRival = async (rival: tf.Tensor): Promise<string> => {
      const { verdicts } = await ensemble.evaluate(xs, ys, { rival });
      const [, verdict] = verdicts[0]!.contestants;
      expect(verdict!.against).toBe('the single model of equal budget');
      expect(verdict!.comparisons.map(({ measure }) => measure)).toEqual(['error', 'nllRaw']);
      return verdict!.comparisons[0]!.outcome;
    };
    expect(await againstRival(ys.reverse(1))).toBe('better');
    expect(await againstRival(ys)).not.toBe('better');
    await expect(ensemble.evaluate(xs, ys, { rival: ys.slice([0, 0], [59, 3]) })).rejects.toThrow(
      /the rival's outputs are \[59, 3\]; that of ".+" is \[60, 3\]/,
    );
  });

  it('leaves nothing behind', async () => {
    const { xs } = clusters(30);
    const { numTensors, numBytes } = tf.memory();
    const ensemble = await loadMembers(tf, store);
    tf.dispose(await ensemble.predict(xs));
    tf.dispose(await ensemble.predictMembers(xs));
    ensemble.dispose();
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  });

  it('holds the weights of at most two members at once', async () => {
    const { xs } = clusters(30);
    const weightBytes = trained.getWeights().reduce((sum, { size }) => sum + 4 * size, 0);
    const before = tf.memory().numBytes;
    const ensemble = await loadMembers(tf, store);
    let most = 0;
    const watched = tf.engine().backend as unknown as { write: (...args: unknown[]) => object };
    const write = watched.write.bind(watched);
    watched.write = (...args) => {
      most = Math.max(most, tf.memory().numBytes - before);
      return write(...args);
    };
    tf.dispose(await ensemble.predictMembers(xs.slice(0, 1)));
    watched.write = write;
    // Beside the weights there are a row of inputs and its activations.
    expect(most).toBeLessThan(2 * weightBytes + 1000);
    ensemble.dispose();
  });

  it.each([
    ['more members than there are', { last: 4 }, RangeError],
    ['a metric that was not stored', { best: 1, metric: 'f1' }, RangeError],
    [
      'an id that is not there',
      { ids: ['step-9'] },
      expect.objectContaining({ code: 'unknown-member' }),
    ],
    [
      'two policies for one output',
      { policy: [meanPolicy('logits', [0]), meanPolicy('logits', [0])] },
      RangeError,
    ],
  ])('refuses %s', async (_, selection, error) => {
    await expect(loadMembers(tf, store, selection)).rejects.toThrow(error as Error);
  });

  it('refuses a store without members', async () => {
    const empty = loadMembers(tf, memoryBlobs());
    await expect(empty).rejects.toMatchObject({ code: 'unknown-member' });
  });
});

describe('a member as a model of its own', () => {
  it('opens with tf.loadLayersModel', async () => {
    const { members } = (await store.readManifest())!;
    const model = await tf.loadLayersModel(memberIOHandler(store, members[1]!.id));
    expectClose(values(model.predict(clusters(30).xs)), predictedInTraining[1]!);
  });

  it('has the weights that the model had, by name', async () => {
    const { members } = (await store.readManifest())!;
    const stored = await memberArtifacts(store, members[2]!.id);
    expect(weightsByName(stored)).toEqual(weightsByName(await modelArtifacts(trained)));
  });
});

function weightsByName({ weightSpecs, weightData }: ModelArtifacts): object {
  const values = new Float32Array(weightData as ArrayBuffer);
  let start = 0;
  const entries = weightSpecs.map(({ name, shape }) => {
    const end = start + shape.reduce((product, size) => product * size, 1);
    const entry = [name, { shape, data: [...values.subarray(start, end)] }] as const;
    start = end;
    return entry;
  });
  return Object.fromEntries(entries);
}

describe('outputs of other kinds', () => {
  it('averages values and reports their errors', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] });
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError' });
    const { xs, ys } = clusters(30);
    const targets = ys.slice([0, 0], [30, 2]);
    predictedInTraining.length = 3;
    const regression = await loadMembers(tf, await fit(model, xs, targets));
    const outputs = values(await regression.predict(xs));
    expectClose(outputs, meanOf(predictedInTraining.slice(3)));
    const { ensemble, members, verdicts } = await regression.evaluate(xs, targets);
    expect(members[2]!.metrics['mse']).toBeCloseTo(values(model.evaluate(xs, targets))[0]!, 5);
    expect(ensemble['mae']).toBeGreaterThan(0);
    expect(verdicts[0]!.contestants[0]!.comparisons[0]!.measure).toBe('mse');
  });

  it('combines each of several outputs by its kind', async () => {
    const input = tf.input({ shape: [4] });
    const classes = tf.layers.dense({ units: 3, activation: 'softmax', name: 'classes' });
    const value = tf.layers.dense({ units: 1, name: 'value' });
    const model = tf.model({
      inputs: input,
      outputs: [classes.apply(input), value.apply(input)] as tf.SymbolicTensor[],
    });
    model.compile({
      optimizer: tf.train.sgd(0.05),
      loss: ['categoricalCrossentropy', 'meanSquaredError'],
    });
    const { xs, ys } = clusters(30);
    const values1 = ys.slice([0, 0], [30, 1]);
    const both = await loadMembers<tf.Tensor[]>(tf, await fit(model, xs, [ys, values1]));
    expect(both.policies.map(({ kind }) => kind)).toEqual(['probabilities', 'regression']);
    const outputs = await both.predict(xs);
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [30, 3],
      [30, 1],
    ]);
    const { ensemble } = await both.evaluate(xs, [ys, values1]);
    expect(Object.keys(ensemble)).toEqual([
      'classes_accuracy',
      'classes_nll',
      'classes_brier',
      'value_mse',
      'value_mae',
    ]);
    await expect(both.evaluate(xs, ys)).rejects.toThrow(RangeError);
    const { verdicts } = await both.evaluate(xs, [ys, values1], { rival: [ys, values1] });
    expect(
      verdicts.map(({ contestants }) => contestants[1]!.comparisons.map(({ measure }) => measure)),
    ).toEqual([['error', 'nllRaw'], ['mse']]);
  });

  it('takes logits by policy', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
    const loss = (labels: tf.Tensor, logits: tf.Tensor): tf.Scalar =>
      tf.losses.softmaxCrossEntropy(labels, logits);
    model.compile({ optimizer: tf.train.sgd(0.05), loss });
    const { xs, ys } = clusters(30);
    const policy = meanPolicy('logits', [0, 1, 2]);
    const ensemble = await loadMembers(tf, await fit(model, xs, ys), { policy });
    const sums = values((await ensemble.predict(xs)).sum(1));
    expectClose(
      sums,
      sums.map(() => 1),
    );
    const { members } = await ensemble.evaluate(xs, ys);
    expect(members[2]!.metrics['accuracy']).toBeGreaterThan(0.5);
  });
});
