import { describe, expect, it } from 'vitest';
import {
  createSnapshotStore,
  keepBest,
  memoryBlobs,
  type KeepBestOptions,
} from '../../src/index.ts';
import { toyTrainer } from './toy-trainer.ts';

/** Steps of the members kept of epochs of one step with these values of a metric, begun anew at `restartAt`. */
async function kept(
  metric: string,
  values: readonly number[],
  { restartAt, ...options }: KeepBestOptions & { readonly restartAt?: number } = {},
): Promise<number[]> {
  const store = createSnapshotStore(memoryBlobs());
  const run = {
    totalSteps: values.length,
    stepsPerEpoch: 1,
    metricsOf: (step: number) => ({ [metric]: values[step]! }),
  };
  await toyTrainer().train(keepBest(store, options), run);
  if (restartAt !== undefined) {
    const resumed = keepBest(store, { ...options, existing: 'resume' });
    await toyTrainer().train(resumed, { ...run, firstStep: restartAt });
  }
  return (await store.readManifest())!.members.map(({ step }) => step);
}

describe('keepBest', () => {
  it.each<[string, number[], Parameters<typeof kept>[2], number]>([
    ['val_loss', [3, 1, 2, 4], {}, 2],
    ['val_loss', [3, 1, 2, 0.5], {}, 4],
    ['val_loss', [3, 1, 1, 1], {}, 2],
    ['val_loss', [Number.NaN, 3, Number.NaN], {}, 2],
    ['val_loss', [3, 1, 2, 4], { restartAt: 2 }, 2],
    ['val_acc', [0.3, 0.9, 0.2], { metric: 'val_acc' }, 2],
    ['val_binaryAccuracy', [0.3, 0.9, 0.2], { metric: 'val_binaryAccuracy' }, 2],
    ['val_auc', [0.3, 0.9, 0.2], { metric: 'val_auc' }, 2],
    ['score', [3, 1, 2, 4, 4], { metric: 'score', mode: 'max' }, 4],
  ])('keeps one epoch of %s %j with %j: after update %d', async (metric, values, options, step) => {
    expect(await kept(metric, values, options)).toEqual([step]);
  });

  it('names the metrics there are', async () => {
    await expect(kept('loss', [1])).rejects.toThrow(
      'keepBest: an epoch has no metric "val_loss". It has: loss. Give the training validation data',
    );
  });
});
