import { sha256 } from '@snapshot-ensemble/bytes';
import type { ByteRange } from '../blob-store.ts';
import { absent } from '../blobs/failures.ts';
import { StoreError } from '../store-error.ts';
import { Unbelievable, type Bucket } from './requests.ts';
import { checksumHeader } from './upload.ts';

interface Opened {
  readonly response: Response;
  readonly etag: string;
}

/** The bytes of a blob. One that breaks off is read on from there, as long as it is still the same blob. */
export async function* download(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const hash = sha256();
  let position = range?.start ?? 0;
  let opened = await open(bucket, key, position, range?.end, undefined);
  const expected = range === undefined ? opened.response.headers.get(checksumHeader) : null;
  const { etag } = opened;
  const length = Number(opened.response.headers.get('content-length') ?? Number.NaN);
  const end = position + length;
  let failures = 0;
  for (;;) {
    const pieces = piecesOf(opened.response, bucket.timeoutMs);
    try {
      for await (const piece of pieces) {
        hash.update(piece);
        position += piece.byteLength;
        failures = 0;
        yield piece;
      }
      if (position >= end || Number.isNaN(end)) break;
      throw new Unbelievable('the response ended early');
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      failures += 1;
      opened = await bucket.persist(`GET "${key}"`, async () => {
        // Only a stretch without any progress counts against the blob.
        if (failures > mostStalls)
          throw new StoreError('io', `"${key}" broke off ${failures} times at byte ${position}.`, {
            key,
            cause,
          });
        return open(bucket, key, position, range?.end, etag);
      });
    }
  }
  if (expected === null) return;
  const actual = hash.hex();
  if (actual === expected) return;
  const message = `"${key}" is damaged: its SHA-256 is ${actual}, it was written as ${expected}. Restore it from a copy.`;
  throw new StoreError('damaged', message, { key });
}

const mostStalls = 8;

async function open(
  bucket: Bucket,
  key: string,
  start: number,
  end: number | undefined,
  etag: string | undefined,
): Promise<Opened> {
  const isPart = start > 0 || end !== undefined;
  const headers = {
    ...(isPart && { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
    ...(etag !== undefined && { 'if-match': etag }),
  };
  try {
    return await bucket.send('GET', key, { headers }, (response) => {
      const tag = response.headers.get('etag');
      if (tag === null) throw new Unbelievable('the response to GET has no ETag');
      return { response, etag: tag };
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === 'not-found') throw absent(key, { cause: error });
    if (error.code === 'conflict') {
      throw new StoreError('not-found', `"${key}" was replaced while it was read.`, {
        key,
        cause: error,
      });
    }
    throw error;
  }
}

/** Not every browser lets a body be iterated. */
async function* piecesOf(response: Response, timeoutMs: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await within(timeoutMs, reader.read());
      isDone = done;
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a connection that hangs does so here too.
    if (!isDone) reader.cancel().catch(() => undefined);
  }
}

async function within<T>(timeoutMs: number, action: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Unbelievable(`received nothing for ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([action, late]);
  } finally {
    clearTimeout(timer);
  }
}
