import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import { cachedBundle } from '@snapshot-ensemble/ensemble-bundle/node';
import type { BlobStore } from '@snapshot-ensemble/snapshot-core';
import { UsageError } from './run-main.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a place is in an object store, not a folder. */
export function isObjectStore(place: string): boolean {
  return place.startsWith('s3://');
}

/**
 * The blobs below `s3://bucket/folder`. Credentials, region and endpoint come from the variables that the tools of AWS read. Throws
 * `UsageError`.
 */
export async function objectStore(place: string, environment: Environment): Promise<BlobStore> {
  const [, bucket, folder = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/.exec(place) ?? [];
  if (bucket === undefined)
    throw new UsageError(`"${place}" has no bucket. Give an address such as s3://models/digits.`);
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new UsageError(
      `${place} is read with the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), which are not set. Set them.`,
    );
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'];
  const { s3Blobs } = await import('@snapshot-ensemble/snapshot-core/s3');
  return s3Blobs({
    url:
      endpoint === undefined
        ? `https://${bucket}.s3.${region}.amazonaws.com`
        : `${endpoint.replace(/\/+$/, '')}/${bucket}`,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    },
    region,
    folder,
  });
}

/** A bundle in an object store, kept in a folder once it was fetched. Throws `UsageError`. */
export async function remoteBundle(
  place: string,
  environment: Environment,
  cache: string = join(tmpdir(), 'snapshot-ensemble-bundles'),
): Promise<BundleSource> {
  return cachedBundle(await objectStore(place, environment), cache);
}
