import { init } from '@jax-js/jax';
import { loadFashionSubset, sliceDataset } from '@snapshot-ensemble/datasets';
import {
  createSnapshotStore,
  encodeSafetensors,
  memoryBlobs,
  type NamedTensor,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import { beforeAll, expect, it } from 'vitest';
import { halved, type LabelledImages } from './batches.ts';
import { evaluate, trainEnsemble } from './train-ensemble.ts';

const filters = [4, 8] as const;
const settings = { filters, batchSize: 32, epochs: 4, cycles: 2, seed: 1 };
let data: LabelledImages;
let held: LabelledImages;

beforeAll(async () => {
  await init('wasm');
  data = halved(sliceDataset(await loadFashionSubset('train'), 0, 384));
  held = halved(sliceDataset(await loadFashionSubset('validation'), 0, 500));
});

async function members(store: SnapshotStore): Promise<string[]> {
  const all: string[] = [];
  for (const { id, step } of (await store.readManifest())?.members ?? []) {
    const tensors: NamedTensor[] = [];
    for await (const tensor of store.readMember(id)) tensors.push(tensor);
    all.push(`${step} ${Buffer.from(encodeSafetensors(tensors)).toString('base64')}`);
  }
  return all;
}

it('trains members, whose mean is likelier than they are', { timeout: 60_000 }, async () => {
  const store = createSnapshotStore(memoryBlobs());
  await trainEnsemble(store, data, held, settings);
  const { members: each, ensemble } = await evaluate(store, held, filters);
  expect(each).toHaveLength(2);
  for (const { accuracy } of each) expect(accuracy).toBeGreaterThan(0.5);
  expect(ensemble.nll).toBeLessThan((each[0]!.nll + each[1]!.nll) / 2);

  // Cut in the middle of an epoch and of a cycle, by a store that fails.
  const blobs = memoryBlobs();
  const cut = createSnapshotStore({
    ...blobs,
    write(key, ...rest) {
      if (key.startsWith('members/') && key.includes('48')) throw new Error('the disk is full');
      return blobs.write(key, ...rest);
    },
  });
  await expect(trainEnsemble(cut, data, held, settings)).rejects.toThrow('the disk is full');
  const resumed = createSnapshotStore(blobs);
  expect(await members(resumed)).toHaveLength(1);
  await trainEnsemble(resumed, data, held, settings);
  expect(await members(resumed)).toEqual(await members(store));
});
