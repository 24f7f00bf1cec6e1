import type { BlobStore } from '../blob-store.ts';
import type { BlobRecord, Manifest } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { drain } from './drain.ts';
import { findRun } from './found-run.ts';
import { namedBlobs } from './manifest.ts';
import { readVerified } from './verified.ts';

/** A blob that is not as the manifest says. */
export interface StoreFault {
  readonly key: string;
  readonly code: 'damaged' | 'not-found';
  /** What is wrong and what to do. */
  readonly message: string;
}

export interface StoreVerification {
  readonly manifest: Manifest;
  /** Empty if every blob is what the manifest vouches for. */
  readonly faults: readonly StoreFault[];
  /** Bytes of the blobs that are. */
  readonly intactBytes: number;
}

/**
 * Reads every blob that the manifest names and compares its size and SHA-256; changes nothing. Throws
 * `StoreError('not-found')` where there is no manifest, `('damaged')` where that cannot be read.
 */
export async function verify(blobs: BlobStore): Promise<StoreVerification> {
  const found = await findRun(blobs);
  if (found === undefined) {
    throw new StoreError('not-found', 'The store holds no run: there is no "manifest.json".', {
      key: 'manifest.json',
    });
  }
  const faults: StoreFault[] = [];
  let intactBytes = 0;
  for (const record of namedBlobs(found.manifest)) {
    const fault = await faultOf(blobs, record);
    if (fault === undefined) intactBytes += record.bytes;
    else faults.push(fault);
  }
  return { manifest: found.manifest, faults, intactBytes };
}

/** What is wrong with a blob; undefined if it is what its record says. */
export async function faultOf(
  blobs: BlobStore,
  record: BlobRecord,
): Promise<StoreFault | undefined> {
  try {
    await drain(readVerified(blobs, record));
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { code, message } = error;
    if (code !== 'damaged' && code !== 'not-found') throw error;
    return { key: record.key, code, message };
  }
}
