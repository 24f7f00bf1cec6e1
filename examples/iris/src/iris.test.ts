import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { splitIrises } from './data.ts';
import { compareOnIris } from './iris.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('the iris example', () => {
  it('holds out flowers that it does not train on', () => {
    const { train, heldOut } = splitIrises(1);
    expect([train.xs.shape, heldOut.xs.shape]).toEqual([
      [100, 4],
      [50, 4],
    ]);
    expect(train.ys.sum(0).add(heldOut.ys.sum(0)).arraySync()).toEqual([50, 50, 50]);
  });

  it('makes an ensemble that knows its irises', async () => {
    const { ensemble, members, verdict } = await compareOnIris(1, 60);
    expect(members).toBe(4);
    expect(ensemble.accuracy).toBeGreaterThan(0.6);
    expect(verdict).toMatch(/Against the single model of equal budget/);
  });
});
