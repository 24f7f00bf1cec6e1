import { AwsClient } from 'aws4fetch';
import { StoreError } from '../store-error.ts';
import { textOf } from './listing.ts';

export interface S3Options {
  /** URL of the bucket, e.g. `https://my-bucket.s3.eu-central-1.amazonaws.com` or `http://127.0.0.1:9000/my-bucket`. */
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Default `us-east-1`, which most servers other than Amazon's take. */
  readonly region?: string;
  /** Folder in the bucket under which the blobs live, without slashes at its ends. Default the bucket itself. */
  readonly folder?: string;
  /** How often a request is repeated when the server is busy or fails. Default 5. */
  readonly retries?: number;
}

export interface Bucket {
  /** Path prefix of all blobs, empty or ending in `/`. */
  readonly prefix: string;
  /** Sends a signed request; a key addresses a blob, none the bucket. Throws unless the answer is 2xx. */
  send(
    method: string,
    key: string | undefined,
    request?: {
      readonly query?: Readonly<Record<string, string>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array<ArrayBuffer>;
    },
  ): Promise<Response>;
}

export function openBucket(options: S3Options): Bucket {
  const { url, accessKeyId, secretAccessKey, sessionToken, region = 'us-east-1' } = options;
  const { folder = '', retries = 5 } = options;
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    region,
    service: 's3',
    retries,
  });
  const prefix = folder === '' ? '' : `${folder}/`;
  return {
    prefix,
    async send(method, key, { query = {}, headers = {}, body } = {}) {
      const target = new URL(key === undefined ? url : `${url}/${prefix}${key}`);
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
      const request = { method, headers, ...(body !== undefined && { body }) };
      const response = await sent(() => client.fetch(target.href, request), target);
      if (response.ok) return response;
      throw await failure(response, method, key);
    },
  };
}

async function sent(request: () => Promise<Response>, target: URL): Promise<Response> {
  try {
    return await request();
  } catch (cause) {
    throw new StoreError('io', `Cannot reach ${target.origin}.`, { cause });
  }
}

async function failure(response: Response, method: string, key = ''): Promise<StoreError> {
  const body = await response.text();
  const reason = [textOf(body, 'Code'), textOf(body, 'Message')].filter(Boolean).join(': ');
  const message = `${method} "${key}" was answered ${response.status} ${reason || response.statusText}.`;
  switch (response.status) {
    case 404:
      return new StoreError('not-found', message, { key });
    case 409:
    case 412:
      return new StoreError('conflict', message, { key });
    case 507:
      return new StoreError('no-space', message, { key });
    default:
      return new StoreError('io', message, { key });
  }
}
