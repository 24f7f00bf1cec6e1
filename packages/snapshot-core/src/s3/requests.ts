import { checkOptions } from '@snapshot-ensemble/options';
import { AwsClient } from 'aws4fetch';
import type { Awaitable } from '../protocol.ts';
import { StoreError, type StoreErrorCode } from '../store-error.ts';
import { textOf } from './listing.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Options {
  /** URL of the bucket, e.g. `https://my-bucket.s3.eu-central-1.amazonaws.com` or `http://127.0.0.1:9000/my-bucket`. */
  readonly url: string;
  /**
   * Who writes. A function is asked before the first request and again when the server says that they have expired, as
   * session credentials do during a long training run.
   */
  readonly credentials: S3Credentials | (() => Awaitable<S3Credentials>);
  /** Default `us-east-1`, which most servers other than Amazon's take. */
  readonly region?: string;
  /** Folder in the bucket under which the blobs live. Default the bucket itself. */
  readonly folder?: string;
  /**
   * How often a request is retried, with growing delays, when the server is busy, fails or closes the connection.
   * Default 8.
   */
  readonly retries?: number;
  /**
   * A request counts as failed after this many milliseconds without a response, or without the next piece of one.
   * Default 30 s.
   */
  readonly timeoutMs?: number;
  /** Parts of 8 MiB that are sent at once, each held in memory meanwhile. Default 4. */
  readonly parallelParts?: number;
  /** Waits before a retry; for tests. Default a timer. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface S3Request {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

export interface Bucket {
  /** Path prefix of all blobs, empty or ending in `/`. */
  readonly prefix: string;
  readonly parallelParts: number;
  readonly timeoutMs: number;
  /**
   * Sends a signed request until `accept` takes what comes; a key addresses a blob, none the bucket. `accept` throws
   * `Unbelievable` for a 2xx that is none. Throws `StoreError` for what is not 2xx in the end.
   */
  send<T>(
    method: string,
    key: string | undefined,
    request: S3Request,
    accept: (response: Response) => Awaitable<T>,
  ): Promise<T>;
  /** Repeats what failed by `Unbelievable` or by a broken connection. */
  persist<T>(what: string, action: () => Promise<T>): Promise<T>;
}

/** An answer that says 2xx and means something else, or that broke off: worth another attempt. */
export class Unbelievable extends Error {}

const firstWaitMs = 50;
const longestWaitMs = 5000;
const timeoutDefaultMs = 30_000;

export function openBucket(options: S3Options): Bucket {
  checkOptions('s3Blobs', options, {
    ...{ url: true, credentials: true, region: true, folder: true, retries: true },
    ...{ timeoutMs: true, parallelParts: true, wait: true },
  });
  const { region = 'us-east-1', retries = 8, timeoutMs = timeoutDefaultMs } = options;
  const { parallelParts = 4, wait = pause } = options;
  const url = options.url.replace(/\/+$/, '');
  const folder = (options.folder ?? '').replaceAll(/^\/+|\/+$/g, '');
  const prefix = folder === '' ? '' : `${folder}/`;
  let client: Promise<AwsClient> | undefined;
  const open = async (): Promise<AwsClient> => {
    const { credentials } = options;
    const given = typeof credentials === 'function' ? await credentials() : credentials;
    return new AwsClient({ ...given, region, service: 's3' });
  };

  const persist = async <T>(what: string, action: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await action();
      } catch (cause) {
        // A StoreError is the server's considered answer.
        if (cause instanceof StoreError) throw cause;
        if (attempt >= retries) {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new StoreError('io', `${what} failed ${attempt + 1} times: ${reason}`, { cause });
        }
        await wait(waitMs(attempt));
      }
    }
  };

  return {
    prefix,
    parallelParts,
    timeoutMs,
    persist,
    send(method, key, { query = {}, headers = {}, body }, accept) {
      const target = new URL(key === undefined ? url : `${url}/${prefix}${key}`);
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
      const what = `${method} ${target.origin}${target.pathname}`;
      return persist(what, async () => {
        client ??= open();
        const init = { method, headers, ...(body !== undefined && { body }) };
        const signed = await (await client).sign(target.href, init);
        const answer = new AbortController();
        const timer = setTimeout(() => {
          answer.abort(new Unbelievable(`no response within ${timeoutMs} ms`));
        }, timeoutMs);
        try {
          const response = await fetch(signed, { signal: answer.signal });
          if (response.ok) return await accept(response);
          const problem = await problemOf(response, method, key);
          if (isExpired(problem.code)) client = undefined;
          throw problem.isPassing ? new Unbelievable(problem.error.message) : problem.error;
        } finally {
          clearTimeout(timer);
        }
      });
    },
  };
}

/** Doubles from attempt to attempt; half of it by chance, so that many clients do not come back at once. */
function waitMs(attempt: number): number {
  const longest = Math.min(firstWaitMs * 2 ** attempt, longestWaitMs);
  return longest * (0.5 + Math.random() / 2);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

interface Problem {
  readonly error: StoreError;
  readonly code: string | undefined;
  /** Whether it may be gone with the next attempt. */
  readonly isPassing: boolean;
}

/** What S3 says of credentials that were good a while ago. */
const expiredCodes: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException']);

function isExpired(code: string | undefined): boolean {
  return expiredCodes.has(code ?? '');
}

const codeOfStatus: ReadonlyMap<number, StoreErrorCode> = new Map<number, StoreErrorCode>([
  [404, 'not-found'],
  [409, 'conflict'],
  [412, 'conflict'],
  [507, 'no-space'],
]);

async function problemOf(response: Response, method: string, key = ''): Promise<Problem> {
  const body = await response.text();
  const code = textOf(body, 'Code');
  const reason = [code, textOf(body, 'Message')].filter(Boolean).join(': ');
  const { status } = response;
  const message = `${method} "${key}" was answered ${status} ${reason || response.statusText}.`;
  const error = new StoreError(codeOfStatus.get(status) ?? 'io', message, { key });
  const isPassing = status === 408 || status === 429 || (status >= 500 && status !== 507);
  return { error, code, isPassing: isPassing || isExpired(code) };
}

/** The text of an answer whose root element is this one. */
export async function xmlOf(response: Response, root: string): Promise<string> {
  const text = await response.text();
  if (text.includes(`<${root}`)) return text;
  const said = textOf(text, 'Code') ?? text.slice(0, 60);
  throw new Unbelievable(`the answer is ${response.status}, but says "${said}", not <${root}>`);
}
