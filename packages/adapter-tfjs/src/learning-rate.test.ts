import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { useBackend } from '../test/tiny.ts';
import { learningRateSetter } from './learning-rate.ts';

const optimizers: [name: string, make: (learningRate: number) => tf.Optimizer][] = [
  ['SGD', (rate) => tf.train.sgd(rate)],
  ['Momentum', (rate) => tf.train.momentum(rate, 0.9)],
  ['Nesterov', (rate) => tf.train.momentum(rate, 0.9, true)],
  ['RMSProp', (rate) => tf.train.rmsprop(rate)],
  ['centered RMSProp', (rate) => tf.train.rmsprop(rate, 0.9, 0, 1e-7, true)],
  ['Adagrad', (rate) => tf.train.adagrad(rate)],
  ['Adadelta', (rate) => tf.train.adadelta(rate)],
  ['Adam', (rate) => tf.train.adam(rate)],
  ['Adamax', (rate) => tf.train.adamax(rate)],
];

/** How far one update moves a weight; the first update, so that no history differs. */
function stepSize(optimizer: tf.Optimizer): number {
  return tf.tidy(() => {
    const weight = tf.variable(tf.scalar(1));
    optimizer.minimize(() => weight.mul(3).asScalar(), false, [weight]);
    return Math.abs(1 - weight.dataSync()[0]!);
  });
}

beforeAll(useBackend);

describe('learningRateSetter', () => {
  it.each(optimizers)('changes the step that %s takes', (_, make) => {
    const changed = make(0.001);
    learningRateSetter(changed)(0.02);
    expect(stepSize(changed)).toBeCloseTo(stepSize(make(0.02)), 7);
    expect(stepSize(changed) / stepSize(make(0.001))).toBeGreaterThan(5);
  });

  it.each(['SGD', 'Momentum', 'Nesterov'])('is needed: the field of %s changes nothing', (name) => {
    const make = new Map(optimizers).get(name)!;
    const written = make(0.001);
    (written as unknown as { learningRate: number }).learningRate = 0.02;
    expect(stepSize(written)).toBeCloseTo(stepSize(make(0.001)), 7);
  });

  it('refuses an optimizer it does not know and names the option', () => {
    class Own extends tf.AdamOptimizer {
      static override get className(): string {
        return 'Own';
      }
    }
    expect(() => learningRateSetter(new Own(0.1, 0.9, 0.999))).toThrowErrorMatchingInlineSnapshot(
      `[TfjsAdapterError: Cannot tell how the optimizer "Own" takes a learning rate: it has no setLearningRate() and is not one of SGD, Momentum, RMSProp, Adagrad, Adadelta, Adam, Adamax. Pass the option setLearningRate: (learningRate) => { … }.]`,
    );
  });
});
