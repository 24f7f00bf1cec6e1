import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CyclePlan } from '@snapshot-ensemble/schedules';
import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../blobs/memory.ts';
import { chain } from '../chain.ts';
import { fileBlobs } from '../node/file-blobs.ts';
import { createSnapshotStore } from '../store/create-snapshot-store.ts';
import { followSchedule } from './follow-schedule.ts';
import { takeSnapshots } from './take-snapshots.ts';
import type { NamedTensor } from '../tensor.ts';
import type { Trainer } from '../protocol.ts';

const plan: CyclePlan = {
  totalSteps: 10,
  cycles: [
    { index: 0, start: 0, end: 5 },
    { index: 1, start: 5, end: 10 },
  ],
};
const weights = new Float32Array(3);
const spec = { name: 'w', dtype: 'float32' as const, shape: [3] };
// eslint-disable-next-line @typescript-eslint/require-await
async function* read(): AsyncGenerator<NamedTensor> {
  yield { ...spec, data: weights.slice() };
}
const trainer: Trainer = {
  model: { format: 't', topology: { a: 1 }, weights: [spec] },
  setLearningRate: (lr) => {
    weights[0] = lr;
  },
  readWeights: read,
  writeWeights: () => Promise.resolve(),
  stop: () => undefined,
};
describe('takeSnapshots', () => {
  it.each(['memory', 'file'])('smoke %s', async (kind) => {
    const dir = await mkdtemp(join(tmpdir(), 'se-'));
    const blobs = kind === 'memory' ? memoryBlobs() : fileBlobs(dir);
    const store = createSnapshotStore(blobs);
    const cb = chain(
      followSchedule((s) => s / 10),
      takeSnapshots(plan, store, { schedule: (s) => s / 10 }),
    );
    const at = { epoch: 0, totalSteps: 10, stepsPerEpoch: 5 };
    await cb.onTrainBegin?.({ step: 0, ...at }, trainer);
    for (let step = 0; step < 10; step++) {
      const p = { ...at, step, epoch: Math.floor(step / 5) };
      await cb.onStepBegin?.(p, trainer);
      await cb.onStepEnd?.({ ...p, readMetrics: () => Promise.resolve({ loss: NaN }) }, trainer);
      if ((step + 1) % 5 === 0) await cb.onEpochEnd?.({ ...p, metrics: { loss: NaN } }, trainer);
    }
    await cb.onTrainEnd?.({ ...at, step: 10, stopped: false }, trainer);
    const m = await store.readManifest();
    for await (const t of store.readMember(m!.members[1]!.id)) expect(t.data[0]).toBeCloseTo(0.9);
    await rm(dir, { recursive: true });
  });
});
