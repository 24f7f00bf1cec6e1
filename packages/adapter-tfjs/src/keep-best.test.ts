import { createSnapshotStore, memoryBlobs, type Trainer } from '@snapshot-ensemble/snapshot-core';
import { describe, expect, it } from 'vitest';

import { keepBest, type KeepBestOptions } from './keep-best.ts';

/** The update after which the kept weights were read, of epochs of one step with these values of a metric. */
async function kept(
  metric: string,
  values: readonly number[],
  options?: KeepBestOptions,
): Promise<number[]> {
  const store = createSnapshotStore(memoryBlobs());
  const weights = [{ name: 'w', dtype: 'float32', shape: [1] }] as const;
  const trainer = {
    model: { format: 'fake', topology: {}, weights },
    async *readWeights() {
      await Promise.resolve();
      yield { ...weights[0], data: Float32Array.of(1) };
    },
  } as unknown as Trainer;
  const callback = keepBest(store, options);
  const at = { totalSteps: values.length, stepsPerEpoch: 1 };
  await callback.onTrainBegin?.({ ...at, step: 0, epoch: 0 }, trainer);
  for (const [step, value] of values.entries()) {
    await callback.onEpochEnd?.(
      { ...at, step, epoch: step, metrics: { [metric]: value } },
      trainer,
    );
  }
  await callback.onTrainEnd?.({ ...at, step: values.length, epoch: 0, stopped: false }, trainer);
  return (await store.readManifest())!.members.map(({ step }) => step);
}

describe('keepBest', () => {
  it.each<[string, number[], KeepBestOptions | undefined, number]>([
    ['val_loss', [3, 1, 2, 4], undefined, 2],
    ['val_loss', [3, 1, 2, 0.5], undefined, 4],
    ['val_acc', [0.3, 0.9, 0.2], { metric: 'val_acc' }, 2],
    ['score', [3, 1, 2, 4, 4], { metric: 'score', mode: 'max' }, 4],
  ])('keeps one epoch of %s %j with %j: after update %d', async (metric, values, options, step) => {
    expect(await kept(metric, values, options)).toEqual([step]);
  });
});
