import { sha256, tap } from '@snapshot-ensemble/bytes';
import type { BlobStore } from '../blob-store.ts';
import { decodeSafetensorsStream } from '../safetensors/read.ts';
import type { BlobRecord } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import type { NamedTensor, ReadTensorsOptions } from '../tensor.ts';
import { infoOf } from './versioned.ts';

/** The bytes of a blob, each chunk good until the next is asked for; ends with `StoreError('damaged')` unless they are what the manifest vouches for. */
export async function* readVerified(
  blobs: BlobStore,
  { key, bytes, sha256: expected }: BlobRecord,
): AsyncGenerator<Uint8Array> {
  const info = await infoOf(blobs, key);
  if (info === undefined) throw damagedBlob(key, 'it is missing', 'not-found');
  if (info.bytes !== bytes) {
    throw damagedBlob(key, `it has ${info.bytes} bytes, the manifest says ${bytes}`);
  }
  const hash = sha256();
  yield* tap(blobs.read(key, undefined, { reuseChunks: true }), (chunk) => {
    hash.update(chunk);
  });
  const actual = hash.hex();
  if (actual !== expected) {
    throw damagedBlob(key, `its SHA-256 is ${actual}, the manifest says ${expected}`);
  }
}

/** The tensors of a blob; the last one comes only after the checksum of the whole is verified. */
export async function* readVerifiedTensors(
  blobs: BlobStore,
  record: BlobRecord,
  options?: ReadTensorsOptions,
): AsyncGenerator<NamedTensor> {
  const { key } = record;
  try {
    yield* decodeSafetensorsStream(readVerified(blobs, record), record.bytes, options);
  } catch (error) {
    if (!(error instanceof StoreError) || error.key !== undefined) throw error;
    const text =
      error.code === 'damaged'
        ? `"${key}" is damaged. ${error.message} ${adviceOn(key)}`
        : `"${key}": ${error.message}`;
    throw new StoreError(error.code, text, { key, cause: error });
  }
}

function damagedBlob(
  key: string,
  fault: string,
  code: 'damaged' | 'not-found' = 'damaged',
): StoreError {
  return new StoreError(code, `"${key}" is damaged: ${fault}. ${adviceOn(key)}`, { key });
}

function adviceOn(key: string): string {
  return key.startsWith('members/')
    ? 'Restore it from a copy, or call repair(blobs), which takes it out of the run.'
    : "Restore it from a copy, or begin a new run with existing: 'overwrite'.";
}
