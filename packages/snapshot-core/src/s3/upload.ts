import { sha256 } from '@snapshot-ensemble/bytes';
import type { BlobWritten, WriteCondition } from '../blob-store.ts';
import { StoreError } from '../store-error.ts';
import { textOf } from './listing.ts';
import { Unbelievable, xmlOf, type Bucket } from './requests.ts';

/** Blobs up to this size go in one request, longer ones in parts of it (S3 wants at least 5 MiB, at most 10,000 of them). */
const partBytes = 8 * 1024 * 1024;

/** Name under which a blob's checksum is kept beside it; only known beforehand for what goes in one request. */
export const checksumHeader = 'x-amz-meta-sha256';

/** A random name of each write: what carries it is what this very write stored, whatever its answers said. */
const writeHeader = 'x-amz-meta-write';

/** Writes a blob and makes sure that it is there before it says so. */
export async function upload(
  bucket: Bucket,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  condition: WriteCondition | undefined,
): Promise<BlobWritten> {
  const hash = sha256();
  const id = crypto.randomUUID();
  let bytes = 0;
  let open: MultipartUpload | undefined;
  const store = async (send: () => Promise<void>): Promise<BlobWritten> => {
    const digest = hash.hex();
    const failure = await send().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    // Also after an error: the answer to a write that was done may be lost, and its repetition fails.
    const version = await proof(bucket, key, { id, bytes }, failure);
    return { version, sha256: digest, bytes };
  };
  try {
    for await (const { part, isLast } of partsOf(chunks)) {
      hash.update(part);
      bytes += part.byteLength;
      if (isLast && open === undefined) {
        return await store(() => put(bucket, key, part, id, condition));
      }
      open ??= await begin(bucket, key, id);
      await open.add(part);
    }
    const parts = open!;
    return await store(() => parts.complete(conditionHeaders(condition)));
  } catch (error) {
    await open?.abort();
    throw error;
  }
}

/** The version of the blob if this write stored it; throws what the write failed with, or what is there instead. */
async function proof(
  bucket: Bucket,
  key: string,
  { id, bytes }: { readonly id: string; readonly bytes: number },
  failure: Error | undefined,
): Promise<string> {
  let found: Headers | undefined;
  try {
    found = await bucket.send('HEAD', key, {}, ({ headers }) => {
      if (headers.get('etag') === null) throw new Unbelievable('the response to HEAD has no ETag');
      return headers;
    });
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'not-found')) {
      throw failure ?? (error as Error);
    }
  }
  const isOurs = found?.get(writeHeader) === id;
  if (isOurs && Number(found?.get('content-length')) === bytes) return found?.get('etag') ?? '';
  if (failure !== undefined) throw failure;
  if (found === undefined || isOurs) {
    const what = found === undefined ? 'is not there' : `has ${found.get('content-length')} bytes`;
    const message = `The server reported "${key}" as stored, but ${what}; ${bytes} bytes were sent. Save it again.`;
    throw new StoreError('io', message, { key });
  }
  const message = `"${key}" was replaced by another writer as soon as it was written.`;
  throw new StoreError('conflict', message, { key });
}

/** Cuts a stream into parts; always at least one, the last one marked. */
async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly part: Uint8Array<ArrayBuffer>; readonly isLast: boolean }> {
  let part = new Uint8Array(partBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength;) {
      if (filled === partBytes) {
        yield { part, isLast: false };
        part = new Uint8Array(partBytes);
        filled = 0;
      }
      const taken = chunk.subarray(offset, offset + partBytes - filled);
      part.set(taken, filled);
      filled += taken.byteLength;
      offset += taken.byteLength;
    }
  }
  yield { part: part.slice(0, filled), isLast: true };
}

async function put(
  bucket: Bucket,
  key: string,
  body: Uint8Array<ArrayBuffer>,
  id: string,
  condition: WriteCondition | undefined,
): Promise<void> {
  const digest = digestOf(body);
  const headers = {
    'x-amz-content-sha256': digest,
    [checksumHeader]: digest,
    [writeHeader]: id,
    ...conditionHeaders(condition),
  };
  await bucket.send('PUT', key, { headers, body }, tagOf);
}

function digestOf(body: Uint8Array): string {
  const hash = sha256();
  hash.update(body);
  return hash.hex();
}

async function tagOf(response: Response): Promise<string> {
  await response.body?.cancel();
  const tag = response.headers.get('etag');
  if (tag === null) throw new Unbelievable('the response to PUT has no ETag');
  return tag;
}

interface MultipartUpload {
  /** Waits only until the part is on its way and fewer than `parallelParts` are. */
  add(part: Uint8Array<ArrayBuffer>): Promise<void>;
  complete(headers: Readonly<Record<string, string>>): Promise<void>;
  abort(): Promise<void>;
}

async function begin(bucket: Bucket, key: string, id: string): Promise<MultipartUpload> {
  const request = { query: { uploads: '' }, headers: { [writeHeader]: id } };
  const uploadId = await bucket.send('POST', key, request, async (response) => {
    const text = await xmlOf(response, 'InitiateMultipartUploadResult');
    const found = textOf(text, 'UploadId');
    if (found === undefined) throw new Unbelievable('the response has no UploadId');
    return found;
  });
  const parts: Promise<string>[] = [];
  const onTheWay = new Set<Promise<unknown>>();
  const send = (body: Uint8Array<ArrayBuffer>, number: number): Promise<string> =>
    bucket.send('PUT', key, { query: { partNumber: String(number), uploadId }, body }, tagOf);

  return {
    async add(body) {
      while (onTheWay.size >= bucket.parallelParts) await Promise.race(onTheWay);
      const part = send(body, parts.length + 1);
      parts.push(part);
      const settled: Promise<unknown> = Promise.allSettled([part]).then(() => {
        onTheWay.delete(settled);
      });
      onTheWay.add(settled);
    },
    async complete(headers) {
      const tags = await Promise.all(parts);
      const list = tags.map(
        (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
      );
      const xml = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
      const body = new TextEncoder().encode(xml);
      // It may be answered by 200 before it is done, and then by an error in the body.
      // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
      await bucket.send('POST', key, { query: { uploadId }, headers, body }, (response) =>
        xmlOf(response, 'CompleteMultipartUploadResult'),
      );
    },
    async abort() {
      await Promise.allSettled(parts);
      try {
        await bucket.send('DELETE', key, { query: { uploadId } }, (answer) =>
          answer.body?.cancel(),
        );
      } catch {
        // What is left of it expires, if the bucket says so; the error on its way says why there is no blob.
      }
    },
  };
}

function conditionHeaders(condition: WriteCondition | undefined): Record<string, string> {
  if (condition === undefined) return {};
  return 'ifAbsent' in condition ? { 'if-none-match': '*' } : { 'if-match': condition.ifMatch };
}
