import type { NamedTensor } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, collect, useBackend, tinyModel, weightValues } from '../test/tiny.ts';
import { tfjsTrainer } from './trainer.ts';

beforeAll(useBackend);

async function* stream(tensors: readonly NamedTensor[]): AsyncGenerator<NamedTensor, void> {
  await Promise.resolve();
  yield* tensors;
}

async function train(model: tf.LayersModel, steps: number): Promise<void> {
  const { xs, ys } = clusters(30);
  for (let step = 0; step < steps; step += 1) await model.trainOnBatch(xs, ys);
  tf.dispose([xs, ys]);
}

const resumable: [name: string, make: () => tf.Optimizer][] = [
  ['SGD', () => tf.train.sgd(0.1)],
  ['Momentum', () => tf.train.momentum(0.05, 0.9)],
  ['Nesterov', () => tf.train.momentum(0.05, 0.9, true)],
  ['RMSProp', () => tf.train.rmsprop(0.01)],
  ['centered RMSProp', () => tf.train.rmsprop(0.01, 0.9, 0.1, 1e-7, true)],
  ['Adagrad', () => tf.train.adagrad(0.1)],
  ['Adadelta', () => tf.train.adadelta(1)],
  ['Adam', () => tf.train.adam(0.01)],
];

describe('weights', () => {
  it('describes the model it was made for', () => {
    const { model } = tfjsTrainer(tf, tinyModel());
    expect(model.format).toBe('tfjs-layers-model');
    expect(model.weights.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      [expect.stringMatching(/kernel$/), 'float32', [4, 6]],
      [expect.stringMatching(/bias$/), 'float32', [6]],
      [expect.stringMatching(/kernel$/), 'float32', [6, 3]],
      [expect.stringMatching(/bias$/), 'float32', [3]],
    ]);
    expect(JSON.parse(JSON.stringify(model.topology))).toHaveProperty('class_name', 'Sequential');
  });

  it('are copies: training on does not change what was read', async () => {
    const model = tinyModel();
    const before = weightValues(model);
    const read = await collect(tfjsTrainer(tf, model).readWeights());
    await train(model, 2);
    expect(read.map(({ data }) => [...data])).toEqual(before);
    expect(weightValues(model)).not.toEqual(before);
  });

  it('are as they were when reading began, even if the model trains in between', async () => {
    const model = tinyModel();
    const before = weightValues(model);
    const read: number[][] = [];
    for await (const { data } of tfjsTrainer(tf, model).readWeights()) {
      read.push([...data].map(Number));
      await train(model, 1);
    }
    expect(read).toEqual(before);
  });

  it('written are the weights read, and no tensor is left behind', async () => {
    const model = tinyModel({ batchNorm: true });
    const trainer = tfjsTrainer(tf, model);
    await train(model, 1);
    const { numTensors, numBytes } = tf.memory();
    const saved = await collect(trainer.readWeights());
    const values = weightValues(model);
    tf.tidy(() => {
      model.setWeights(model.getWeights().map((weight) => tf.zerosLike(weight)));
    });
    await trainer.writeWeights(stream(saved));
    expect(weightValues(model)).toEqual(values);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  });

  it('leave no tensor behind when reading is broken off', async () => {
    const trainer = tfjsTrainer(tf, tinyModel());
    const { numTensors } = tf.memory();
    for await (const tensor of trainer.readWeights()) {
      expect(tensor.dtype).toBe('float32');
      break;
    }
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it.each<[string, (weights: NamedTensor[]) => NamedTensor[]]>([
    ['a missing weight', (weights) => weights.slice(1)],
    ['a wrong shape', ([first, ...rest]) => [{ ...first!, shape: [6, 4] }, ...rest]],
    ['one too many', (weights) => [...weights, weights[0]!]],
  ])('refuses %s', async (_, damage) => {
    const trainer = tfjsTrainer(tf, tinyModel());
    const weights = damage(await collect(trainer.readWeights()));
    await expect(trainer.writeWeights(stream(weights))).rejects.toMatchObject({
      code: 'weights-mismatch',
    });
  });
});

describe('optimizer state', () => {
  it.each(resumable)('of %s carries training on, bit by bit', async (_, make) => {
    const uncut = tinyModel({ optimizer: make() });
    await train(uncut, 17);

    const cut = tinyModel({ optimizer: make() });
    await train(cut, 10);
    const from = tfjsTrainer(tf, cut);
    const [weights, state] = [
      await collect(from.readWeights()),
      await collect(from.readOptimizer!()),
    ];

    const resumed = tinyModel({ optimizer: make() });
    const to = tfjsTrainer(tf, resumed);
    await to.writeWeights(stream(weights));
    await to.writeOptimizer!(stream(state));
    await train(resumed, 7);
    expect(weightValues(resumed)).toEqual(weightValues(uncut));
  });

  it('matters: Adam without it goes elsewhere', async () => {
    const uncut = tinyModel({ optimizer: tf.train.adam(0.01) });
    await train(uncut, 17);
    const cut = tinyModel({ optimizer: tf.train.adam(0.01) });
    await train(cut, 10);
    const resumed = tinyModel({ optimizer: tf.train.adam(0.01) });
    resumed.setWeights(cut.getWeights());
    await train(resumed, 7);
    expect(weightValues(resumed)).not.toEqual(weightValues(uncut));
  });

  it('of Adam holds its running powers, which tfjs would rebuild with other last bits', async () => {
    const carriedOn = async (keep: (name: string) => boolean): Promise<number[][]> => {
      const cut = tinyModel({ optimizer: tf.train.adam(0.01) });
      await train(cut, 40);
      const from = tfjsTrainer(tf, cut);
      const state = (await collect(from.readOptimizer!())).filter(({ name }) => keep(name));
      const resumed = tinyModel({ optimizer: tf.train.adam(0.01) });
      resumed.setWeights(cut.getWeights());
      await tfjsTrainer(tf, resumed).writeOptimizer!(stream(state));
      await train(resumed, 5);
      return weightValues(resumed);
    };
    const uncut = tinyModel({ optimizer: tf.train.adam(0.01) });
    await train(uncut, 45);
    expect(await carriedOn(() => true)).toEqual(weightValues(uncut));
    expect(await carriedOn((name) => !name.startsWith('accBeta'))).not.toEqual(weightValues(uncut));
  });

  it.each(resumable)('of %s is read and replaced without a leak', async (_, make) => {
    const model = tinyModel({ optimizer: make() });
    const trainer = tfjsTrainer(tf, model);
    await train(model, 2);
    const { numTensors, numBytes } = tf.memory();
    await trainer.writeOptimizer!(stream(await collect(trainer.readOptimizer!())));
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  });

  it('of Adamax is refused with the reason', async () => {
    const trainer = tfjsTrainer(tf, tinyModel({ optimizer: tf.train.adamax(0.01) }));
    await expect(collect(trainer.readOptimizer!())).rejects.toThrowErrorMatchingInlineSnapshot(
      `[TfjsAdapterError: Cannot resume a run of the Adamax optimizer: tfjs implements neither its getWeights() nor its setWeights(). Train with Adam, or without checkpoints.]`,
    );
  });
});

describe('perturbWeights', () => {
  const noiseOf = (seed: number): number[] => {
    const model = tinyModel();
    const before = weightValues(model).flat();
    tfjsTrainer(tf, model).perturbWeights!(0.1, seed);
    return weightValues(model)
      .flat()
      .map((value, index) => value - before[index]!);
  };

  it('adds noise of the given size, the same for the same seed', () => {
    const noise = noiseOf(7);
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    expect(Math.sqrt(variance)).toBeGreaterThan(0.05);
    expect(Math.sqrt(variance)).toBeLessThan(0.2);
    expect(noiseOf(7)).toEqual(noise);
    expect(noiseOf(8)).not.toEqual(noise);
  });

  it('is seeded for seed 0 too', () => {
    expect(noiseOf(0)).toEqual(noiseOf(0));
  });
});

it('refuses a model without an optimizer', () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  expect(() => tfjsTrainer(tf, model)).toThrow(expect.objectContaining({ code: 'no-optimizer' }));
});
