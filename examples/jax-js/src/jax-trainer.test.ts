import { init, numpy as np } from '@jax-js/jax';
import { trainerContract } from '@snapshot-ensemble/snapshot-core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LabelledImages } from './batches.ts';
import { jaxTrainer } from './jax-trainer.ts';
import { train } from './train-ensemble.ts';

beforeAll(() => init('wasm'));

/** Stripes across or along, and a class for each. */
function stripes(count: number): LabelledImages {
  const side = 4;
  const labels = Uint8Array.from({ length: count }, (_, row) => row % 2);
  const pixels = Float32Array.from({ length: count * side * side }, (_, at) => {
    const row = Math.floor(at / (side * side));
    const [y, x] = [Math.floor(at / side) % side, at % side];
    return ((labels[row] === 0 ? y : x) + row) % 2;
  });
  return { pixels, labels, side };
}

describe('a jax-js trainer', () => {
  const data = stripes(8);
  const settings = { filters: [2, 2], batchSize: 4, epochs: 2, seed: 3 } as const;
  const cases = trainerContract(() => ({
    epochs: 2,
    stepsPerEpoch: 2,
    resumesAt: 'step',
    train: (callback, firstStep) => train(data, data, settings, callback, firstStep),
  }));
  for (const { name, run } of cases) it(name, run);

  it('makes the steps of momentum, and leaves nothing behind', async () => {
    // loss = ½ w², so the gradient is w.
    const weight = np.array([1, -2]);
    const trainer = jaxTrainer(
      { weight },
      (parameters, inputs, labels) => {
        inputs.dispose();
        labels.dispose();
        return np.square(parameters.weight).sum().mul(0.5);
      },
      null,
    );
    trainer.setLearningRate(0.5);
    let expected = [1, -2];
    let speed = [0, 0];
    for (let step = 0; step < 3; step += 1) {
      const [inputs, labels] = [np.zeros([1]), np.zeros([1])];
      const loss = trainer.step(inputs, labels);
      expect((await loss.data())[0]).toBeCloseTo((expected[0]! ** 2 + expected[1]! ** 2) / 2, 5);
      speed = speed.map((old, index) => 0.9 * old + expected[index]!);
      expected = expected.map((old, index) => old - 0.5 * speed[index]!);
      const { weight: now } = trainer.parameters();
      expect(now.refCount).toBe(2);
      const values = await now.data();
      for (const [index, value] of expected.entries()) expect(values[index]).toBeCloseTo(value, 5);
      expect([inputs.refCount, labels.refCount, loss.refCount]).toEqual([0, 0, 0]);
    }
    const { weight: last } = trainer.parameters();
    trainer.dispose();
    expect(last.refCount).toBe(1);
    last.dispose();
    expect(weight.refCount).toBe(0);
  });
});
