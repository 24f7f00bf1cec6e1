import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../blobs/memory.ts';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
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

/** A holder that thinks this of every other one. */
function holder(host: string, alive: boolean | undefined, pid = 7): () => Promise<Holder> {
  return () =>
    Promise.resolve({
      identity: { host, boot: 'boot', pid, start: 'then' },
      isAlive: () => Promise.resolve(alive),
    });
}

/** Begins a run by this holder at this time. */
async function beginAt(
  blobs: BlobStore,
  time: number,
  who: () => Promise<Holder>,
  more: CreateSnapshotStoreOptions = {},
) {
  const store = createSnapshotStore(blobs, { holder: who, now: () => time, ...more });
  return store.begin(run, { existing: 'resume-or-start' });
}

describe("the writer's lock", () => {
  it('is kept by a holder that lives, however long ago it was seen', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    await expect(beginAt(blobs, 100 * hour, holder('a', true, 8))).rejects.toMatchObject({
      code: 'locked',
    });
  });

  it('is taken from a holder that is dead, at once', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    await beginAt(blobs, 1, holder('a', false, 8));
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
    const first = await createSnapshotStore(blobs, {
      holder: holder('a', true),
      now: () => time,
      lockExpiresAfterMs: hour,
    }).begin(run);
    time = hour - 1;
    await first.save(member, tensorStream([]));
    await expect(beginAt(blobs, hour + 1, holder('b', undefined))).rejects.toMatchObject({
      code: 'locked',
    });
  });

  it('once lost lets its former holder write no more', async () => {
    const blobs = memoryBlobs();
    const first = await beginAt(blobs, 0, holder('a', true));
    const second = await beginAt(blobs, 0, holder('a', false, 8));
    await expect(first.save(member, tensorStream([]))).rejects.toMatchObject({
      code: 'lock-lost',
    });
    await second.save(member, tensorStream([]));
    await expect(first.end()).rejects.toMatchObject({ code: 'lock-lost' });
    // Nor does the former holder release what is no longer its own.
    await expect(beginAt(blobs, 0, holder('c', undefined))).rejects.toMatchObject({
      code: 'locked',
    });
    expect(second.manifest.members).toHaveLength(1);
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
    await (await beginAt(blobs, 0, holder('a', true))).end();
    await expect(
      createSnapshotStore(blobs, { holder: holder('a', true) }).begin(run),
    ).rejects.toMatchObject({ code: 'exists' });
    await beginAt(blobs, 0, holder('a', true));
  });

  it('names host, process and start', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    const lock = JSON.parse(new TextDecoder().decode(await readAll(blobs.read('lock.json'))));
    expect(lock.holder).toMatchObject({ host: 'a', boot: 'boot', pid: 7, start: 'then' });
  });

  it('names this very process where that holds it', async () => {
    const blobs = memoryBlobs();
    await beginAt(blobs, 0, holder('a', true));
    await expect(beginAt(blobs, 1, holder('a', true))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StoreError: This process (7) already holds this store: a run began on it at 1970-01-01T00:00:00.000Z and is not closed. Close that run first, or give this one a store of its own; callbacks of one training run share it if they get the same store object.]`,
    );
  });

  it('that never expires is neither renewed all the time nor taken', async () => {
    const blobs = memoryBlobs();
    const run = await beginAt(blobs, 0, holder('a', true), { lockExpiresAfterMs: Infinity });
    const version = async (): Promise<string | undefined> => {
      for await (const info of blobs.list('lock.json')) return info.version;
      return undefined;
    };
    const before = await version();
    // A timer that was set too far ahead would have fired many times by now.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await version()).toBe(before);
    await expect(beginAt(blobs, 1e15, holder('b', undefined))).rejects.toThrow(
      'since 1970-01-01T00:00:00.000Z, for good.',
    );
    await run.close();
    await beginAt(blobs, 0, holder('b', undefined));
  });
});
