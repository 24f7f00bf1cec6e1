import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../blobs/memory.ts';
import { readAll, streamOf } from '../bytes.ts';
import type { BlobStore } from '../blob-store.ts';
import type { Holder } from '../platform/platform.ts';
import { tensorStream } from '../testing/tensors.ts';
import { createSnapshotStore, type CreateSnapshotStoreOptions } from './create-snapshot-store.ts';
import { breakLock } from './lock.ts';

const run = {
  model: { format: 'test', topology: null, weights: [] },
  plan: { totalSteps: 4, cycles: [{ index: 0, start: 0, end: 4 }] },
  schedule: [],
};
const member = { cycle: 0, step: 4, learningRate: 0.1 };
const hour = 3_600_000;

function holder(host: string, alive: boolean | undefined): () => Promise<Holder> {
  return () =>
    Promise.resolve({
      identity: { host, pid: 7, processStart: 'then' },
      isAlive: () => Promise.resolve(alive),
    });
}

/** Begins a run by this holder at this time, and returns the store. */
async function beginAt(
  blobs: BlobStore,
  time: number,
  who: () => Promise<Holder>,
  more: CreateSnapshotStoreOptions = {},
) {
  const store = createSnapshotStore(blobs, { holder: who, now: () => time, ...more });
  await store.begin(run, 'resume');
  return store;
}

describe("the writer's lock", () => {
  it('is kept by a holder that lives, however long ago it was seen', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    await expect(beginAt(blobs, 100 * hour, holder('a', true))).rejects.toMatchObject({
      code: 'locked',
    });
  });

  it('is taken from a holder that is dead, at once', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    await beginAt(blobs, 1, holder('a', false));
  });

  it('is taken from a holder of whom nothing is known once it has expired', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true), { lockExpiresAfterMs: hour });
    await expect(beginAt(blobs, hour - 1, holder('b', undefined))).rejects.toMatchObject({
      code: 'locked',
    });
    await beginAt(blobs, hour, holder('b', undefined));
  });

  it('says who holds it, since when, until when, and what to do', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true), { lockExpiresAfterMs: hour });
    await expect(
      beginAt(blobs, 1, holder('b', undefined)),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StoreError: Another writer holds this store: process 7 on a, since 1970-01-01T00:00:00.000Z, until 1970-01-01T01:00:00.000Z. Wait for it, give this run a store of its own, or, if that writer is gone for good, call breakLock(blobs).]`,
    );
  });

  it('is renewed by saving', async () => {
    const blobs = memoryBlobs();
    let time = 0;
    const first = createSnapshotStore(blobs, {
      holder: holder('a', true),
      now: () => time,
      lockExpiresAfterMs: hour,
    });
    await first.begin(run);
    time = hour - 1;
    await first.saveMember(member, tensorStream([]));
    await expect(beginAt(blobs, hour + 1, holder('b', undefined))).rejects.toMatchObject({
      code: 'locked',
    });
  });

  it('once lost lets its former holder write no more', async () => {
    const blobs = memoryBlobs();
    const first = await beginAt(blobs, 0, holder('a', true));
    const second = await beginAt(blobs, 0, holder('a', false));
    await expect(first.saveMember(member, tensorStream([]))).rejects.toMatchObject({
      code: 'lock-lost',
    });
    await second.saveMember(member, tensorStream([]));
    await expect(first.end(true)).rejects.toMatchObject({ code: 'lock-lost' });
    // Nor does the former holder release what is no longer its own.
    await expect(beginAt(blobs, 0, holder('c', undefined))).rejects.toMatchObject({
      code: 'locked',
    });
    expect((await second.readManifest())?.members).toHaveLength(1);
  });

  it('can be broken by hand', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    await breakLock(blobs);
    await beginAt(blobs, 0, holder('b', true));
  });

  it('that cannot be read is an error, not a free one', async () => {
    const blobs = memoryBlobs();
    await blobs.write('lock.json', streamOf(new TextEncoder().encode('{}')));
    await expect(beginAt(blobs, 0, holder('a', true))).rejects.toMatchObject({
      code: 'damaged',
      key: 'lock.json',
    });
  });

  it('is released when a run cannot begin', async () => {
    const blobs = memoryBlobs();
    await (await beginAt(blobs, 0, holder('a', true))).end(true);
    await expect(
      createSnapshotStore(blobs, { holder: holder('a', true) }).begin(run),
    ).rejects.toMatchObject({ code: 'exists' });
    await beginAt(blobs, 0, holder('a', true));
  });

  it('names host, process and start', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    const lock = JSON.parse(new TextDecoder().decode(await readAll(blobs.read('lock.json'))));
    expect(lock.holder).toMatchObject({ host: 'a', pid: 7, processStart: 'then' });
  });
});
