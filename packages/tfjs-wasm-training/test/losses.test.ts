import { beforeAll, describe, expect, it } from 'vitest';
import { noise, on, prepareBackends, relativeError, tf } from './backends.ts';

beforeAll(prepareBackends);

const losses = [
  ...[
    'meanSquaredError',
    'meanAbsoluteError',
    'meanAbsolutePercentageError',
    'hinge',
    'squaredHinge',
  ],
  ...['meanSquaredLogarithmicError', 'categoricalHinge', 'logcosh', 'categoricalCrossentropy'],
  ...[
    'sparseCategoricalCrossentropy',
    'binaryCrossentropy',
    'kullbackLeiblerDivergence',
    'poisson',
  ],
  'cosineProximity',
];
const optimizers = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.1),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1),
  rmsprop: () => tf.train.rmsprop(0.1, 0.9, 0.5, undefined, true),
};

/** The weights of a small network after three steps on the backend in use. */
async function weightsAfter(loss: string, optimizer: tf.Optimizer): Promise<number[]> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 5, activation: 'tanh' }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
  model.setWeights(
    model.getWeights().map((weight, i) => tf.tensor(noise(weight.size, i + 1), weight.shape)),
  );
  model.compile({ optimizer, loss });
  const labels = tf.tensor1d([0, 2, 1, 1, 0, 2], 'int32');
  const isSparse = loss.startsWith('sparse');
  const y = isSparse ? labels.toFloat().expandDims(1) : tf.oneHot(labels, 3).mul(0.8).add(0.1);
  const x = tf.tensor(noise(24, 8), [6, 4]);
  for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
  return model.getWeights().flatMap((weight) => [...weight.dataSync()]);
}

async function bothBackends(loss: string, optimizer: () => tf.Optimizer): Promise<number> {
  const expected = await on('cpu', () => weightsAfter(loss, optimizer()));
  const actual = await on('wasm', () => weightsAfter(loss, optimizer()));
  return relativeError(actual, expected);
}

describe('three steps leave the weights that the cpu backend leaves', () => {
  it.each(losses)('loss %s', async (loss) => {
    expect(await bothBackends(loss, optimizers.sgd)).toBeLessThan(1e-4);
  });

  it.each(Object.entries(optimizers))('optimizer %s', async (_, optimizer) => {
    expect(await bothBackends('categoricalCrossentropy', optimizer)).toBeLessThan(1e-4);
  });
});
