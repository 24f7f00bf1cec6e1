import { cyclesOf } from '@snapshot-ensemble/schedules';
import { expect, it } from 'vitest';
import * as core from '../src/index.ts';
import { s3Blobs } from '../src/s3/index.ts';

const blobs = core.memoryBlobs();
const store = core.createSnapshotStore(blobs);
const plan = cyclesOf([10, 10]);
const ignore = (): void => undefined;

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  averageWeights: ['fromStep', (options) => core.averageWeights(options)],
  begin: ['existing', (options) => store.begin(null as never, options)],
  collect: ['dryRun', (options) => core.collect(blobs, options)],
  createSnapshotStore: ['versions', (options) => core.createSnapshotStore(blobs, options)],
  decodeSafetensorsStream: [
    'reuseData',
    (options) => core.decodeSafetensorsStream(chunks(), 8, options).next(),
  ],
  greedySoup: ['evaluate', (options) => core.greedySoup(null as never, store, options)],
  keepBest: ['metric', (options) => core.keepBest(store, options)],
  langevinNoise: ['temperature', (options) => core.langevinNoise(options)],
  learningRateRangeTest: ['lrStart', (options) => core.learningRateRangeTest(options)],
  repair: ['dryRun', (options) => core.repair(blobs, options)],
  reportProgress: ['everySteps', (options) => core.reportProgress(ignore, options)],
  runTraining: [
    'totalSteps',
    (options) => core.runTraining(null as never, { name: 'idle' }, options),
  ],
  s3Blobs: ['folder', (options) => s3Blobs(options)],
  saveCheckpoints: ['everySteps', (options) => core.saveCheckpoints(store, options)],
  stopEarly: ['patience', (options) => core.stopEarly(options)],
  takeSnapshots: ['keep', (options) => core.takeSnapshots(plan, store, options)],
  'takeSnapshots, keep': ['last', (keep) => core.takeSnapshots(plan, store, { keep })],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(8));
}
