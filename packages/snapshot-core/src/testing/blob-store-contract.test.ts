import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BlobStore } from '../blob-store.ts';
import { memoryBlobs } from '../blobs/memory.ts';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { fileBlobs } from '../node/file-blobs.ts';
import { blobStoreContract } from './blob-store-contract.ts';

const root = mkdtempSync(join(tmpdir(), 'snapshot-core-'));
let folders = 0;
afterAll(() => {
  rmSync(root, { recursive: true });
});

describe.each([
  ['memoryBlobs', () => memoryBlobs()],
  ['fileBlobs', () => fileBlobs(join(root, String((folders += 1))))],
])('%s', (_, makeBlobs) => {
  for (const { name, run } of blobStoreContract(makeBlobs)) it(name, run);
});

/** Stores with one fault each, and the case that must find it. */
const faults: Readonly<
  Record<string, readonly [string, (blobs: BlobStore) => Partial<BlobStore>]>
> = {
  'flips a byte': [
    'reads back what was written',
    (blobs) => ({
      async *read(key, range) {
        const bytes = await readAll(blobs.read(key, range));
        if (bytes.byteLength > 0) bytes[0]! ^= 1;
        yield bytes;
      },
    }),
  ],
  'keeps the chunks that it was given': [
    'keeps no chunk of a stream',
    (blobs) => ({
      async write(key, chunks, condition) {
        const kept: Uint8Array[] = [];
        for await (const chunk of chunks) kept.push(chunk);
        return blobs.write(key, streamOf(...kept), condition);
      },
    }),
  ],
  'takes a range as closed': [
    'reads ranges',
    (blobs) => ({
      read: (key, range) => blobs.read(key, range && { ...range, end: range.end + 1 }),
    }),
  ],
  'forgets conditions': [
    'lets one of many writers win',
    (blobs) => ({ write: (key, chunks) => blobs.write(key, chunks) }),
  ],
  'checks conditions before it writes, not when': [
    'lets one of many writers win',
    (blobs) => ({
      async write(key, chunks, condition) {
        const infos = [];
        for await (const info of blobs.list(key)) infos.push(info);
        const holds =
          condition === undefined ||
          ('ifAbsent' in condition ? infos.length === 0 : infos[0]?.version === condition.ifMatch);
        if (!holds) throw Object.assign(new Error('conflict'), { code: 'conflict' });
        return blobs.write(key, chunks);
      },
    }),
  ],
  'keeps what a broken source gave': [
    'leaves nothing behind',
    (blobs) => ({
      async write(key, chunks, condition) {
        const parts: Uint8Array[] = [];
        try {
          for await (const chunk of chunks) parts.push(chunk);
        } catch (error) {
          await blobs.write(key, streamOf(...parts));
          throw error;
        }
        return blobs.write(key, streamOf(...parts), condition);
      },
    }),
  ],
  'lists in the order of writing': [
    'lists by prefix, sorted',
    (blobs) => ({
      async *list(prefix) {
        const infos = [];
        for await (const info of blobs.list(prefix)) infos.push(info);
        yield* infos.reverse();
      },
    }),
  ],
  'uses one version for all': [
    'replaces a blob as a whole',
    (blobs) => ({
      async write(...args) {
        return { ...(await blobs.write(...args)), version: '1' };
      },
    }),
  ],
  'yields nothing for a missing key': [
    'says not-found',
    (blobs) => ({
      async *read(key, range) {
        try {
          yield* blobs.read(key, range);
        } catch (error) {
          if (!key.includes('missing')) throw error;
        }
      },
    }),
  ],
};

describe('a faulty blob store is found out', () => {
  it.each(Object.entries(faults))('that %s', async (_, [caseName, fault]) => {
    const cases = blobStoreContract(() => {
      const blobs = memoryBlobs();
      return { ...blobs, ...fault(blobs) };
    });
    const found = cases.find(({ name }) => name.startsWith(caseName));
    await expect(found?.run()).rejects.toThrow('Contract broken');
  });
});
