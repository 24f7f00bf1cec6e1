import type { BlobStore, WriteCondition } from '../blob-store.ts';
import { absent, conditionFailed } from '../blobs/failures.ts';
import { checkKey } from '../keys.ts';
import { sha256 } from '@snapshot-ensemble/bytes';
import { StoreError } from '../store-error.ts';
import { parseListing } from './listing.ts';
import { openBucket, type Bucket, type S3Options } from './requests.ts';
import { checksumHeader, upload } from './upload.ts';

/**
 * Blobs in a bucket of an S3-compatible server that knows conditional writes (Amazon S3, R2, MinIO, …). What
 * killed processes leave of long uploads is not listed but stored: have the bucket expire unfinished ones.
 */
export function s3Blobs(options: S3Options): BlobStore {
  const bucket = openBucket(options);
  return {
    async *read(key, range) {
      checkKey(key);
      if (range !== undefined && range.end <= range.start) {
        await found(bucket, 'HEAD', key);
        return;
      }
      const headers = range && { range: `bytes=${range.start}-${range.end - 1}` };
      const response = await found(bucket, 'GET', key, headers);
      const checksum = range === undefined ? response.headers.get(checksumHeader) : null;
      yield* verified(key, bytesOf(response), checksum);
    },
    async write(key, chunks, condition) {
      checkKey(key);
      try {
        return await upload(bucket, key, chunks, condition);
      } catch (error) {
        throw isFailedCondition(error, condition) ? conditionFailed(key, condition!) : error;
      }
    },
    async *list(prefix) {
      let token: string | undefined;
      do {
        const query = {
          'list-type': '2',
          prefix: bucket.prefix + prefix,
          ...(token !== undefined && { 'continuation-token': token }),
        };
        const response = await bucket.send('GET', undefined, { query });
        const { blobs, next } = parseListing(await response.text(), bucket.prefix);
        yield* blobs;
        token = next;
      } while (token !== undefined);
    },
    async remove(key) {
      checkKey(key);
      try {
        await (await bucket.send('DELETE', key)).body?.cancel();
      } catch (error) {
        if (!isCode(error, 'not-found')) throw error;
      }
    },
  };
}

async function found(
  bucket: Bucket,
  method: 'GET' | 'HEAD',
  key: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  try {
    return await bucket.send(method, key, { headers });
  } catch (error) {
    if (isCode(error, 'not-found')) throw absent(key, { cause: error });
    throw error;
  }
}

async function* verified(
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  expected: string | null,
): AsyncGenerator<Uint8Array> {
  const hash = sha256();
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (expected === null) return;
  const actual = hash.hex();
  if (actual === expected) return;
  const message = `"${key}" is damaged: its SHA-256 is ${actual}, it was written as ${expected}. Restore it from a copy.`;
  throw new StoreError('damaged', message, { key });
}

/** Not every browser lets a body be iterated. */
async function* bytesOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isDone = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isDone) await reader.cancel();
  }
}

/** An `If-Match` on a key that is gone is answered by 404. */
function isFailedCondition(error: unknown, condition: WriteCondition | undefined): boolean {
  if (condition === undefined) return false;
  return isCode(error, 'conflict') || ('ifMatch' in condition && isCode(error, 'not-found'));
}

function isCode(error: unknown, code: StoreError['code']): boolean {
  return error instanceof StoreError && error.code === code;
}
