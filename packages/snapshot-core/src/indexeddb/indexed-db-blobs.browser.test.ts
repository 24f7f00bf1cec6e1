import { describe, expect, it } from 'vitest';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { createSnapshotStore } from '../store/create-snapshot-store.ts';
import { blobStoreContract } from '../testing/blob-store-contract.ts';
import { storeContract } from '../testing/store-contract.ts';
import { chunkTable, openDatabase } from './database.ts';
import { defaultStore } from './default-store.ts';
import { indexedDbBlobs } from './indexed-db-blobs.ts';
import { committed, resultOf } from './requests.ts';
import { tabHolder } from './tab-holder.ts';

const newName = (): string => `test-${crypto.randomUUID()}`;

describe('indexedDbBlobs', () => {
  for (const { name, run } of blobStoreContract(() => indexedDbBlobs(newName()))) it(name, run);

  it('keeps what another object wrote', async () => {
    const name = newName();
    await indexedDbBlobs(name).write('a', streamOf(Uint8Array.of(1, 2, 3)));
    expect(await readAll(indexedDbBlobs(name).read('a'))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('drops what a closed tab left of a write, and nothing else', async () => {
    const name = newName();
    await indexedDbBlobs(name).write('kept', streamOf(Uint8Array.of(1)));
    const database = await openDatabase(name);
    const plant = async (content: string): Promise<void> => {
      const transaction = database.transaction(chunkTable, 'readwrite');
      transaction.objectStore(chunkTable).put(Uint8Array.of(9), [content, 0]);
      await committed(transaction);
    };
    const pieces = (): Promise<IDBValidKey[]> =>
      resultOf(database.transaction(chunkTable).objectStore(chunkTable).getAllKeys());
    await plant('abandoned');
    await plant('in-work');
    await navigator.locks.request(`snapshot-core/${name}/in-work`, async () => {
      expect(await readAll(indexedDbBlobs(name).read('kept'))).toEqual(Uint8Array.of(1));
      expect(await pieces()).toHaveLength(2);
    });
    expect(await pieces()).toContainEqual(['in-work', 0]);
    expect(await pieces()).not.toContainEqual(['abandoned', 0]);
  });

  it('stores no more than it was given when a chunk is a view', async () => {
    const name = newName();
    await indexedDbBlobs(name).write('a', streamOf(new Uint8Array(1_000_000).subarray(0, 10)));
    const table = (await openDatabase(name)).transaction(chunkTable).objectStore(chunkTable);
    const [piece] = await resultOf(table.getAll() as IDBRequest<Uint8Array[]>);
    expect(piece?.buffer.byteLength).toBe(10);
  });
});

describe('createSnapshotStore on indexedDbBlobs', () => {
  const makeStore = () => {
    const blobs = indexedDbBlobs(newName());
    return () => createSnapshotStore(blobs, { holder: tabHolder });
  };
  for (const { name, run } of storeContract(makeStore)) it(name, run);
});

describe('the default store', () => {
  it('is an IndexedDB database', async () => {
    const name = newName();
    const plan = { totalSteps: 2, cycles: [{ index: 0, start: 0, end: 2 }] };
    const model = { format: 'test', topology: null, weights: [] };
    await defaultStore(name).begin({ model, plan, schedule: [] });
    expect((await indexedDB.databases()).map((database) => database.name)).toContain(name);
  });
});

describe('tabHolder', () => {
  it('knows a living tab from a gone one, and nothing of other hosts', async () => {
    const [first, second] = await Promise.all([tabHolder(), tabHolder()]);
    expect(await first.isAlive(second.identity)).toBe(true);
    expect(await first.isAlive({ ...second.identity, start: 'gone' })).toBe(false);
    expect(await first.isAlive({ ...second.identity, host: 'elsewhere' })).toBeUndefined();
  });
});
