import type { BlobStore, WriteCondition } from '../blob-store.ts';
import { absent, conditionFailed } from '../blobs/failures.ts';
import { checkKey } from '../keys.ts';
import { StoreError } from '../store-error.ts';
import { download } from './download.ts';
import { parseListing } from './listing.ts';
import { openBucket, Unbelievable, xmlOf, type Bucket, type S3Options } from './requests.ts';
import { upload } from './upload.ts';

/**
 * Blobs in a bucket of an S3-compatible server that knows conditional writes (Amazon S3, R2, MinIO, …). A write is
 * looked up again before it counts as done. What killed processes leave of multipart uploads is not listed but takes
 * space: set the bucket to expire incomplete ones.
 */
export function s3Blobs(options: S3Options): BlobStore {
  const bucket = openBucket(options);
  return {
    async *read(key, range) {
      checkKey(key);
      if (range !== undefined && range.end <= range.start) await requirePresent(bucket, key);
      else yield* download(bucket, key, range);
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
        const { blobs, next } = await bucket.send('GET', undefined, { query }, async (response) =>
          parseListing(await xmlOf(response, 'ListBucketResult'), bucket.prefix),
        );
        yield* blobs;
        token = next;
      } while (token !== undefined);
    },
    async remove(key) {
      checkKey(key);
      try {
        await bucket.send('DELETE', key, {}, async (response) => {
          const said = await response.text();
          if (said.includes('<Error')) throw new Unbelievable(`DELETE was answered ${said}`);
        });
      } catch (error) {
        if (!isCode(error, 'not-found')) throw error;
      }
    },
  };
}

async function requirePresent(bucket: Bucket, key: string): Promise<void> {
  try {
    await bucket.send('HEAD', key, {}, () => undefined);
  } catch (error) {
    if (isCode(error, 'not-found')) throw absent(key, { cause: error });
    throw error;
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
