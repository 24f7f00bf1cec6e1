import type { BlobWritten, WriteCondition } from '../blob-store.ts';
import { sha256 } from '@snapshot-ensemble/bytes';
import { textOf } from './listing.ts';
import type { Bucket } from './requests.ts';

/** Blobs up to this size go in one request, longer ones in parts of it (S3 wants at least 5 MiB, at most 10,000 of them). */
const partBytes = 8 * 1024 * 1024;

/** Name under which a blob's checksum is kept beside it; only known beforehand for what goes in one request. */
export const checksumHeader = 'x-amz-meta-sha256';

export async function upload(
  bucket: Bucket,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  condition: WriteCondition | undefined,
): Promise<BlobWritten> {
  const hash = sha256();
  let bytes = 0;
  let open: MultipartUpload | undefined;
  try {
    for await (const { part, isLast } of partsOf(chunks)) {
      hash.update(part);
      bytes += part.byteLength;
      if (isLast && open === undefined) {
        const digest = hash.hex();
        return { version: await put(bucket, key, part, digest, condition), sha256: digest, bytes };
      }
      open ??= await begin(bucket, key);
      await open.add(part);
    }
    const version = await open!.complete(conditionHeaders(condition));
    return { version, sha256: hash.hex(), bytes };
  } catch (error) {
    await open?.abort();
    throw error;
  }
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
  digest: string,
  condition: WriteCondition | undefined,
): Promise<string> {
  const headers = {
    'x-amz-content-sha256': digest,
    [checksumHeader]: digest,
    ...conditionHeaders(condition),
  };
  const response = await bucket.send('PUT', key, { headers, body });
  await response.body?.cancel();
  return response.headers.get('etag') ?? '';
}

interface MultipartUpload {
  add(part: Uint8Array<ArrayBuffer>): Promise<void>;
  complete(headers: Readonly<Record<string, string>>): Promise<string>;
  abort(): Promise<void>;
}

async function begin(bucket: Bucket, key: string): Promise<MultipartUpload> {
  const response = await bucket.send('POST', key, { query: { uploads: '' } });
  const uploadId = textOf(await response.text(), 'UploadId') ?? '';
  const tags: string[] = [];
  return {
    async add(body) {
      const query = { partNumber: String(tags.length + 1), uploadId };
      const answer = await bucket.send('PUT', key, { query, body });
      await answer.body?.cancel();
      tags.push(answer.headers.get('etag') ?? '');
    },
    async complete(headers) {
      const parts = tags.map(
        (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
      );
      const xml = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      const body = new TextEncoder().encode(xml);
      const answer = await bucket.send('POST', key, { query: { uploadId }, headers, body });
      return textOf(await answer.text(), 'ETag') ?? '';
    },
    async abort() {
      const answer = await bucket.send('DELETE', key, { query: { uploadId } });
      await answer.body?.cancel();
    },
  };
}

function conditionHeaders(condition: WriteCondition | undefined): Record<string, string> {
  if (condition === undefined) return {};
  return 'ifAbsent' in condition ? { 'if-none-match': '*' } : { 'if-match': condition.ifMatch };
}
