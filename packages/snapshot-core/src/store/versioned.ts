import type { BlobInfo, BlobStore, Version, WriteCondition } from '../blob-store.ts';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { StoreError } from '../store-error.ts';

export interface VersionedBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly version: Version;
}

/** How often a blob may be replaced under our hands before we give up reading it. */
const attempts = 20;

/** Size and version of a blob, or undefined where there is none. */
export async function infoOf(blobs: BlobStore, key: string): Promise<BlobInfo | undefined> {
  for await (const info of blobs.list(key)) {
    if (info.key === key) return info;
  }
  return undefined;
}

/** Bytes of a small blob together with the version they are of, or undefined where there is none. */
export async function readVersioned(
  blobs: BlobStore,
  key: string,
): Promise<VersionedBytes | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = await infoOf(blobs, key);
    if (before === undefined) return undefined;
    const bytes = await readIfPresent(blobs, key);
    const after = await infoOf(blobs, key);
    if (bytes !== undefined && before.version === after?.version) {
      return { bytes, version: before.version };
    }
  }
  throw new StoreError('conflict', `"${key}" changed ${attempts} times while it was read.`, {
    key,
  });
}

/**
 * Writes a small blob if the condition holds; undefined if somebody else was first. A conflict with our own
 * bytes is none: a network client that lost the answer to its first attempt meets them at its second.
 */
export async function compareAndSwap(
  blobs: BlobStore,
  key: string,
  bytes: Uint8Array,
  condition: WriteCondition,
): Promise<Version | undefined> {
  try {
    return (await blobs.write(key, streamOf(bytes), condition)).version;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'conflict') throw error;
    const found = await readVersioned(blobs, key);
    return found !== undefined && sameBytes(found.bytes, bytes) ? found.version : undefined;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}

async function readIfPresent(
  blobs: BlobStore,
  key: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readAll(blobs.read(key));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return undefined;
    throw error;
  }
}
