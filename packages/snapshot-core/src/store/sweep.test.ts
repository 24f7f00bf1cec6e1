import { equalCycles } from '@snapshot-ensemble/schedules';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createSnapshotStore,
  memoryBlobs,
  openSweep,
  type BlobStore,
  type NamedTensor,
} from '../index.ts';

const plan = equalCycles({ totalSteps: 20, cycles: 2 });

/** A finished run of two members, whose only weight says which they are. */
async function train(blobs: BlobStore, name: string, value: number): Promise<void> {
  const store = createSnapshotStore(blobs);
  const model = {
    format: 'made-up',
    topology: { class: 'Dense' },
    weights: [{ name, dtype: 'float32' as const, shape: [1] }],
  };
  const run = await store.begin({ model, plan, schedule: [] });
  for (const { index, end } of plan.cycles)
    await run.save(
      { cycle: index, step: end, learningRate: 0.1, metrics: { val_loss: value + index } },
      (async function* () {
        yield await Promise.resolve({
          ...model.weights[0]!,
          data: Float32Array.of(10 * value + index),
        });
      })(),
    );
  await run.end();
}

/** Copies a store below a folder of another. */
async function put(all: BlobStore, folder: string, one: BlobStore): Promise<void> {
  for await (const { key } of one.list(''))
    await all.write(`${folder}/${key}`, streamOf(await readAll(one.read(key))));
}

let blobs: BlobStore;
beforeEach(async () => {
  blobs = memoryBlobs();
  for (const [folder, name, value] of [
    ['sweep/lr-0.1', 'w', 1],
    ['sweep/lr-0.2', 'w', 2],
    ['sweep/deep/er', 'w', 3],
    ['other', 'another', 4],
  ] as const) {
    const one = memoryBlobs();
    await train(one, name, value);
    await put(blobs, folder, one);
  }
});

async function weightOf(source: AsyncIterable<NamedTensor>): Promise<number> {
  for await (const { data } of source) return Number(data[0]);
  throw new Error('no tensor');
}

describe('openSweep', () => {
  it('offers the members of all stores below a folder, and their weights', async () => {
    const sweep = await openSweep(blobs, 'sweep');
    const { members, completed } = (await sweep.readManifest())!;
    expect(members.map(({ id }) => id.replace(/-[^-]*$/, ''))).toEqual([
      'deep/er/step-00000010',
      'deep/er/step-00000020',
      'lr-0.1/step-00000010',
      'lr-0.1/step-00000020',
      'lr-0.2/step-00000010',
      'lr-0.2/step-00000020',
    ]);
    expect(completed).toBe(true);
    const weights = [];
    for (const { id } of members) weights.push(await weightOf(sweep.readMember(id)));
    expect(weights).toEqual([30, 31, 10, 11, 20, 21]);
    expect((await sweep.readModel()).topology).toEqual({ class: 'Dense' });
  });

  it('refuses stores of different models', async () => {
    await expect(openSweep(blobs)).rejects.toMatchObject({ code: 'mismatch' });
  });

  it('refuses a folder without stores', async () => {
    await expect(openSweep(blobs, 'elsewhere')).rejects.toMatchObject({ code: 'no-manifest' });
  });

  it('is only read, and only what it has', async () => {
    const sweep = await openSweep(blobs, 'sweep/');
    const model = { format: 'made-up', topology: {}, weights: [] };
    await expect(sweep.begin({ model, plan, schedule: [] })).rejects.toMatchObject({
      code: 'unsupported',
    });
    expect(() => sweep.readMember('lr-0.1/nobody')).toThrow(/has no member "lr-0.1\/nobody"/);
  });
});
