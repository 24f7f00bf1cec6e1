import { createSnapshotStore, type SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { s3Blobs } from '@snapshot-ensemble/snapshot-core/s3';

/** The store of a run: a folder below `place`, or a prefix where that is `s3://bucket/prefix`. Credentials as the tools of AWS read them. */
export function storeOf(
  place: string,
  run: string,
  env: NodeJS.ProcessEnv = process.env,
): SnapshotStore {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(place) ?? [];
  if (bucket === undefined) return createSnapshotStore(fileBlobs(`${place}/${run}`));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL } = env;
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined)
    throw new Error(`${place} needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Set both.`);
  const region = AWS_REGION ?? 'us-east-1';
  return createSnapshotStore(
    s3Blobs({
      url:
        AWS_ENDPOINT_URL === undefined
          ? `https://${bucket}.s3.${region}.amazonaws.com`
          : `${AWS_ENDPOINT_URL}/${bucket}`,
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      region,
      folder: [prefix, run].filter((part) => part !== '').join('/'),
    }),
  );
}
