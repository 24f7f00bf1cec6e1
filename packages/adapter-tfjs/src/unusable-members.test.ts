import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { bench, type Bench } from '../test/bench.ts';
import { tinyModel, useBackend, weightValues } from '../test/tiny.ts';
import { loadMembers } from './load-members.ts';
import { asSnapshotStore } from './member-artifacts.ts';

beforeAll(useBackend);

let at: Bench;
beforeEach(() => {
  at = bench();
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
    await expect(at.fit(model, { cycles: 2 })).rejects.toMatchObject({
      code: 'weight-names',
      message: expect.stringContaining('"dense/kernel", "dense/bias"') as string,
    });
    expect(weightValues(model)).toEqual(before);
    expect(await asSnapshotStore(at.blobs).readManifest()).toBeUndefined();
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
    await expect(at.fit(model, { cycles: 3, callbacks: [spoil] })).rejects.toMatchObject({
      code: 'non-finite-weight',
      message: expect.stringContaining('"hidden/kernel" holds NaN') as string,
    });
    expect(await at.storedSteps()).toEqual([4, 8]);
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
    await at.fit(tinyModel(), { cycles: 3, callbacks: [stop] });
    const { members } = await loadMembers(tf, at.blobs);
    expect(members.map(({ step, isAnnealed }) => [step, isAnnealed])).toEqual([
      [4, true],
      [6, false],
    ]);
    const annealed = await loadMembers(tf, at.blobs, { onlyAnnealed: true });
    expect(annealed.members.map(({ step }) => step)).toEqual([4]);
    const last = await loadMembers(tf, at.blobs, { onlyAnnealed: true, last: 1 });
    expect(last.members.map(({ step }) => step)).toEqual([4]);
    await expect(loadMembers(tf, at.blobs, { onlyAnnealed: true, last: 2 })).rejects.toThrow(
      'asked for 2 members; the store has 1 that annealed',
    );
  });
});
