import { readAll, sha256 } from '@snapshot-ensemble/bytes';
import type { BlobInfo, BlobStore, WriteCondition } from '../blob-store.ts';
import { checkKey } from '../keys.ts';
import { absent, conditionFailed } from './failures.ts';

interface Blob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly version: string;
}

/** Blobs in this process's memory, for tests and for runs that need not outlive it. */
export function memoryBlobs(): BlobStore {
  const blobs = new Map<string, Blob>();
  let writes = 0;

  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    async *read(key, range) {
      checkKey(key);
      const blob = blobs.get(key);
      if (blob === undefined) throw absent(key);
      yield blob.bytes.slice(range?.start, range?.end);
    },
    async write(key, chunks, condition) {
      checkKey(key);
      const bytes = await readAll(chunks);
      const hash = sha256();
      hash.update(bytes);
      check(key, blobs.get(key), condition);
      writes += 1;
      const version = String(writes);
      blobs.set(key, { bytes, version });
      return { version, sha256: hash.hex(), bytes: bytes.byteLength };
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    async *list(prefix) {
      const found: BlobInfo[] = [];
      for (const [key, { bytes, version }] of blobs) {
        if (key.startsWith(prefix)) found.push({ key, bytes: bytes.byteLength, version });
      }
      yield* found.sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    remove(key) {
      return Promise.resolve().then(() => {
        checkKey(key);
        blobs.delete(key);
      });
    },
  };
}

function check(key: string, blob: Blob | undefined, condition: WriteCondition | undefined): void {
  if (condition === undefined) return;
  const holds = 'ifAbsent' in condition ? blob === undefined : blob?.version === condition.ifMatch;
  if (!holds) throw conditionFailed(key, condition);
}
