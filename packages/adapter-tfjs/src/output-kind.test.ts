import { meanPolicy, type OutputKind } from '@snapshot-ensemble/ensemble-math';
import { type BlobStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { silent, useBackend } from '../test/tiny.ts';
import { lossNames } from './losses.ts';
import { loadMembers } from './load-members.ts';
import { readOutputs } from './output-kind.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

type Loss = NonNullable<tf.ModelCompileArgs['loss']>;
type Activation = 'softmax' | 'sigmoid' | 'linear' | 'relu' | 'tanh';

function modelOf(loss: Loss, activation: Activation, units: number): tf.LayersModel {
  const dense = tf.layers.dense({ units, activation, inputShape: [2], name: 'out' });
  const model = tf.sequential({ layers: [dense] });
  model.compile({ optimizer: tf.train.sgd(0.1), loss });
  return model;
}
const read = (model: tf.LayersModel, given?: readonly OutputKind[]) =>
  readOutputs(model, lossNames(model), given)[0]!;
const { softmaxCrossEntropy, sigmoidCrossEntropy, huberLoss } = tf.losses as unknown as Record<
  string,
  Loss & ((labels: tf.Tensor, outputs: tf.Tensor) => tf.Scalar)
>;
/** A function without a name that we know. */
const ownLoss = ((labels: tf.Tensor, outputs: tf.Tensor) =>
  softmaxCrossEntropy!(labels, outputs)) as Loss;

describe('the kind of an output', () => {
  it.each<[string, Loss, Activation, number, OutputKind, 'sigmoid' | undefined]>([
    ['one-hot labels', 'categoricalCrossentropy', 'softmax', 3, 'probabilities', undefined],
    ['sparse labels', 'sparseCategoricalCrossentropy', 'softmax', 3, 'probabilities', undefined],
    ['two sides of a softmax', 'binaryCrossentropy', 'softmax', 2, 'probabilities', undefined],
    ['an unknown loss on a softmax', ownLoss, 'softmax', 3, 'probabilities', undefined],
    ['logits', softmaxCrossEntropy!, 'linear', 3, 'logits', undefined],
    ['one sigmoid', 'binaryCrossentropy', 'sigmoid', 1, 'binary', undefined],
    ['one sigmoid, an unknown loss', ownLoss, 'sigmoid', 1, 'binary', undefined],
    ['the logit of one', sigmoidCrossEntropy!, 'linear', 1, 'binary', 'sigmoid'],
    ['several sigmoids', 'binaryCrossentropy', 'sigmoid', 4, 'multi-label', undefined],
    ['the logits of several', sigmoidCrossEntropy!, 'linear', 4, 'multi-label', 'sigmoid'],
    ['values', 'meanSquaredError', 'linear', 2, 'regression', undefined],
    ['values in [0, 1]', 'meanSquaredError', 'sigmoid', 2, 'regression', undefined],
    ['values, by a function', huberLoss!, 'linear', 1, 'regression', undefined],
  ])('%s', (_, loss, activation, units, kind, apply) => {
    const model = modelOf(loss, activation, units);
    const found = read(model);
    expect([found.kind, found.apply]).toEqual([kind, apply]);
  });

  it.each<[string, Loss, Activation]>([
    ['a loss of its own on a linear layer', ownLoss, 'linear'],
    ['a loss of classes that divides logits by their sum', 'categoricalCrossentropy', 'linear'],
    ['a loss of margins', 'hinge', 'tanh'],
  ])('is asked for with %s', (_, loss, activation) => {
    const model = modelOf(loss, activation, 3);
    expect(() => read(model)).toThrow(expect.objectContaining({ code: 'unknown-kind' }));
    expect(read(model, ['logits'])).toMatchObject({ kind: 'logits', because: 'it was said' });
  });

  it('is told by name, with what there is to go by', () => {
    expect(read(modelOf('binaryCrossentropy', 'sigmoid', 1))).toEqual({
      name: 'out',
      kind: 'binary',
      because: 'loss binaryCrossentropy, activation sigmoid, 1 value a row',
    });
    expect(() => read(modelOf(ownLoss, 'linear', 3))).toThrowErrorMatchingInlineSnapshot(
      `[TfjsAdapterError: Cannot tell what the output "out" is (loss ownLoss, activation linear, 3 values a row). Say what each output is: loadMembers(tf, store, { kinds: ['logits'] }), or 'probabilities', 'binary', 'multi-label', 'regression'.]`,
    );
  });

  it('reads the losses of several outputs, by position and by name', () => {
    const input = tf.input({ shape: [2] });
    const heads = ['a', 'b'].map((name) => tf.layers.dense({ units: 1, name }).apply(input));
    const model = tf.model({ inputs: input, outputs: heads as tf.SymbolicTensor[] });
    const names = (loss: unknown): readonly (string | null)[] => {
      model.compile({ optimizer: 'sgd', loss: loss as Loss });
      return lossNames(model);
    };
    expect(names(['meanSquaredError', sigmoidCrossEntropy])).toEqual([
      'meanSquaredError',
      'sigmoidCrossEntropy',
    ]);
    expect(names({ b: 'binaryCrossentropy', a: 'meanAbsoluteError' })).toEqual([
      'meanAbsoluteError',
      'binaryCrossentropy',
    ]);
    expect(names('meanSquaredError')).toEqual(['meanSquaredError', 'meanSquaredError']);
  });
});

/** 40 rows of two numbers, whose label says on which side of a line they lie. */
let xs: tf.Tensor;
beforeAll(() => {
  xs = tf.randomNormal([40, 2], 0, 1, 'float32', 5);
});
const sideOf = (rows: tf.Tensor): tf.Tensor => rows.sum(1, true).greater(0).toFloat();

async function trained(loss: Loss, activation: Activation, ys: tf.Tensor): Promise<BlobStore> {
  const model = modelOf(loss, activation, ys.shape[1]!);
  const store = memoryBlobs();
  const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store, lrInit: 0.5 });
  await model.fit(xs, ys, { epochs: 8, batchSize: 8, ...silent, callbacks });
  return store;
}

describe('an ensemble of models that were called regression', () => {
  it('of one sigmoid answers and is judged as binary', async () => {
    const ys = sideOf(xs);
    const store = await trained('binaryCrossentropy', 'sigmoid', ys);
    const ensemble = await loadMembers(tf, store);
    expect(ensemble.outputs).toMatchObject([{ name: 'out', kind: 'binary' }]);
    const { ensemble: metrics, verdicts } = await ensemble.evaluate(xs, ys);
    expect(metrics['accuracy']).toBeGreaterThan(0.8);
    expect(Object.keys(metrics)).toEqual(['accuracy', 'nll', 'brier']);
    expect(verdicts).toHaveLength(1);
  });

  it('of the logit of one answers with probabilities', async () => {
    const ys = sideOf(xs);
    const store = await trained(sigmoidCrossEntropy!, 'linear', ys);
    const ensemble = await loadMembers(tf, store);
    const answers = (await ensemble.predict(xs)).dataSync();
    expect(Math.min(...answers)).toBeGreaterThan(0);
    expect(Math.max(...answers)).toBeLessThan(1);
    expect((await ensemble.evaluate(xs, ys)).ensemble['accuracy']).toBeGreaterThan(0.8);
  });

  it('of several sigmoids is multi-label', async () => {
    const ys = tf.concat([sideOf(xs), sideOf(xs.neg())], 1);
    const store = await trained('binaryCrossentropy', 'sigmoid', ys);
    const ensemble = await loadMembers(tf, store);
    expect(ensemble.policies[0]!.kind).toBe('multi-label');
    expect((await ensemble.evaluate(xs, ys)).ensemble['accuracy']).toBeGreaterThan(0.8);
  });

  it('of logits with sparse labels is logits, and answers with probabilities', async () => {
    const labels = sideOf(xs);
    const oneHot = tf.concat([labels, tf.sub(1, labels)], 1);
    const store = await trained(softmaxCrossEntropy!, 'linear', oneHot);
    const ensemble = await loadMembers(tf, store);
    expect(ensemble.outputs[0]!.kind).toBe('logits');
    const sums = (await ensemble.predict(xs)).sum(1).dataSync();
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
    const sparse = tf.sub(1, labels).reshape([40]);
    expect((await ensemble.evaluate(xs, sparse)).ensemble['accuracy']).toBeGreaterThan(0.8);
  });

  it('takes kinds and policies that say it, and refuses a wrong number of them', async () => {
    const store = await trained(ownLoss, 'linear', tf.concat([sideOf(xs), sideOf(xs.neg())], 1));
    await expect(loadMembers(tf, store)).rejects.toMatchObject({ code: 'unknown-kind' });
    const policy = meanPolicy('logits', [0, 1]);
    for (const selection of [{ kinds: ['logits'] as const }, { policy }]) {
      expect((await loadMembers(tf, store, selection)).outputs[0]!.kind).toBe('logits');
    }
    const kinds = ['logits', 'logits'] as const;
    await expect(loadMembers(tf, store, { kinds })).rejects.toThrow(
      'got 2 kinds for 1 outputs (out)',
    );
  });
});
