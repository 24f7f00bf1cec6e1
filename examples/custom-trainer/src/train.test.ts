import { trainerContract } from '@snapshot-ensemble/snapshot-core/testing';
import { describe, expect, it } from 'vitest';
import { backward, createNetwork, zerosLike, type Network } from './network.ts';
import { quadrants } from './quadrants.ts';
import { train } from './train.ts';

const data = quadrants(48, 1);

describe('train', () => {
  const cases = trainerContract(() => ({
    epochs: 3,
    stepsPerEpoch: 3,
    train: (callback, firstStep) =>
      train(createNetwork([2, 8, 4], 7), {
        data,
        epochs: 3,
        batchSize: 16,
        seed: 5,
        callback,
        firstStep,
      }),
  }));
  for (const { name, run } of cases) it(name, run);
});

describe('backward', () => {
  it('agrees with differences of the loss', () => {
    const network = createNetwork([2, 5, 4], 3);
    const gradient = zerosLike(network);
    backward(network, data.rows, data.labels, gradient);
    const scratch = zerosLike(network);
    const nudge = 1e-2;
    for (const [index, layer] of network.entries()) {
      for (const part of ['kernel', 'bias'] as const) {
        for (let at = 0; at < layer[part].length; at += 1) {
          const lossAt = (change: number): number =>
            lossWith(network, index, part, at, change, scratch);
          const slope = (lossAt(nudge) - lossAt(-nudge)) / (2 * nudge);
          // float32 sums and the kinks of ReLU leave this much.
          expect(Math.abs(slope - gradient[index]![part][at]!)).toBeLessThan(5e-3);
        }
      }
    }

    function lossWith(
      of: Network,
      index: number,
      part: 'kernel' | 'bias',
      at: number,
      change: number,
      into: Network,
    ): number {
      const values = of[index]![part];
      const kept = values[at]!;
      values[at] = kept + change;
      const loss = backward(of, data.rows, data.labels, into);
      values[at] = kept;
      return loss;
    }
  });
});
