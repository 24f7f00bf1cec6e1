import { streamOf, readAll } from '@snapshot-ensemble/bytes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSnapshotStore, type BlobStore } from '../../src/index.ts';
import { s3Blobs, type S3Options } from '../../src/s3/index.ts';
import { blobStoreContract, storeContract } from '../../src/testing/index.ts';
import { fakeS3, type FakeS3 } from './fake-s3.ts';
import { faultKinds, operate, plantFault, seededNumbers } from './server-faults.mjs';

const mebibyte = 1024 * 1024;
let server: FakeS3;
beforeEach(async () => {
  server = await fakeS3();
});
afterEach(() => server.close());

const keys = { accessKeyId: 'any', secretAccessKey: 'any' };
const open = (options: Partial<S3Options> = {}) =>
  s3Blobs({
    url: server.url,
    credentials: keys,
    wait: () => Promise.resolve(),
    timeoutMs: 300,
    ...options,
  });
const text = (value: string) => streamOf(new TextEncoder().encode(value));

describe('s3Blobs, on a server in memory,', () => {
  let folders = 0;
  const make = () => open({ folder: `run-${(folders += 1)}` });
  for (const { name, run } of blobStoreContract(make)) it(name, run);
  const makeStore = () => {
    const blobs = make();
    return () => createSnapshotStore(blobs);
  };
  for (const { name, run } of storeContract(makeStore)) it(`store: ${name}`, run);
});

describe('an answer that says 200', () => {
  const long = (): AsyncGenerator<Uint8Array> => streamOf(Buffer.alloc(9 * mebibyte, 'snapshot'));

  it('to CompleteMultipartUpload with an error in it does not count as stored', async () => {
    server.intercept = (request, _, response) => {
      if (request.method !== 'POST' || request.url?.includes('uploads=') === true) return false;
      response.writeHead(200).end('<Error><Code>InternalError</Code></Error>');
      return true;
    };
    await expect(open({ retries: 2 }).write('a', long())).rejects.toMatchObject({ code: 'io' });
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0]);
  });

  it.each(['PUT', 'GET', 'HEAD'])('to %s with an error in it is not believed', async (method) => {
    const blobs = open({ retries: 2 });
    if (method === 'GET') await blobs.write('a', text('as it was'));
    server.intercept = (request, _, response) => {
      if (request.method !== method) return false;
      response.writeHead(200).end(method === 'HEAD' ? '' : '<Error><Code>Busy</Code></Error>');
      return true;
    };
    const action = method === 'GET' ? readAll(blobs.read('a')) : blobs.write('b', text('b'));
    await expect(action).rejects.toMatchObject({ code: 'io' });
    if (method === 'GET') {
      const listing = async () => {
        for await (const info of blobs.list('')) expect(info.key).toBe('never');
      };
      await expect(listing()).rejects.toMatchObject({ code: 'io' });
    }
  });

  it('though nothing was stored is found out before anything older goes', async () => {
    const store = createSnapshotStore(open({ retries: 1 }));
    const weights = [{ name: 'w', dtype: 'float32' as const, shape: [4] }];
    const plan = { totalSteps: 9, cycles: [{ index: 0, start: 0, end: 9 }] };
    const run = await store.begin({
      model: { format: 'test', topology: null, weights },
      plan,
      schedule: [],
    });
    async function* tensors(value: number) {
      yield await Promise.resolve({ ...weights[0]!, data: new Float32Array(4).fill(value) });
    }
    await run.saveCheckpoint({ step: 1, epoch: 0 }, { weights: tensors(1) });
    server.intercept = (request, _, response) => {
      if (request.method !== 'PUT' || request.url?.includes('checkpoints') !== true) return false;
      response.writeHead(200, { etag: '"believe-me"' }).end();
      return true;
    };
    const saving = run.saveCheckpoint({ step: 2, epoch: 0 }, { weights: tensors(2) });
    await expect(saving).rejects.toThrow('as stored, but is not there');
    const checkpoint = await store.readCheckpoint();
    expect(checkpoint?.record.step).toBe(1);
    for await (const { data } of checkpoint!.weights()) expect([...data]).toEqual([1, 1, 1, 1]);
    await run.close();
  });
});

describe('s3Blobs', () => {
  it('asks for credentials again when they have expired', async () => {
    const given: string[] = [];
    const blobs = open({
      credentials: () => {
        given.push(`token-${given.length}`);
        return Promise.resolve({ ...keys, sessionToken: given.at(-1)! });
      },
    });
    server.intercept = (request, _, response) => {
      if (request.headers['x-amz-security-token'] !== 'token-0' || request.method !== 'PUT')
        return false;
      response.writeHead(400).end('<Error><Code>ExpiredToken</Code></Error>');
      return true;
    };
    await blobs.write('a', text('a'));
    await blobs.write('b', text('b'));
    expect(given).toEqual(['token-0', 'token-1']);
  });

  it('takes slashes at the ends of url and folder', async () => {
    await open({ url: `${server.url}//`, folder: '/runs/a/' }).write('b', text('b'));
    expect([...server.objects.keys()]).toEqual(['runs/a/b']);
  });

  it('sends so many parts at once and no more', async () => {
    const parts = 6;
    let seen = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    server.intercept = (request, _, response) => {
      if (request.url?.includes('partNumber') !== true) return false;
      seen += 1;
      waiting.push(() => response.writeHead(200, { etag: '"part"' }).end());
      most = Math.max(most, waiting.length);
      // Two at a time are answered; after a while, in which a third would come.
      if (waiting.length === 2 || seen === parts) {
        setTimeout(() => {
          for (const answer of waiting.splice(0)) answer();
        }, 40);
      }
      return true;
    };
    const chunks = streamOf(...Array.from({ length: parts }, () => Buffer.alloc(8 * mebibyte)));
    await open({ parallelParts: 2, retries: 0, timeoutMs: 30_000 })
      .write('a', chunks)
      .catch(() => undefined);
    expect([seen, most]).toEqual([parts, 2]);
  });

  it('waits longer from attempt to attempt, up to 5 s', async () => {
    server.intercept = (_, __, response) => {
      response.writeHead(500).end();
      return true;
    };
    const waits: number[] = [];
    const wait = (ms: number) => Promise.resolve(void waits.push(ms));
    await expect(readAll(open({ wait }).read('a'))).rejects.toMatchObject({ code: 'io' });
    expect(waits).toHaveLength(8);
    for (const [attempt, ms] of waits.entries()) {
      const longest = Math.min(50 * 2 ** attempt, 5000);
      expect(ms).toBeGreaterThanOrEqual(longest / 2);
      expect(ms).toBeLessThanOrEqual(longest);
    }
  });

  it('sends only the part again that failed', async () => {
    const sent: string[] = [];
    server.intercept = (request, _, response) => {
      const part = /partNumber=(\d)/.exec(request.url ?? '')?.[1];
      if (part === undefined) return false;
      sent.push(part);
      if (part !== '1' || sent.filter((number) => number === '1').length > 2) return false;
      response.writeHead(503).end();
      return true;
    };
    const bytes = Buffer.alloc(9 * mebibyte, 'snapshot');
    const blobs = open({ timeoutMs: 5000 });
    await blobs.write('a', streamOf(bytes));
    expect(sent.toSorted()).toEqual(['1', '1', '1', '2']);
    expect(bytes.equals(await readAll(blobs.read('a')))).toBe(true);
  });

  it('says that it was a failure, and not which of many attempts it was', async () => {
    server.intercept = (_, __, response) => {
      response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
      return true;
    };
    await expect(open({ retries: 3 }).write('a', text('a'))).rejects.toThrow(
      /^PUT http:.*\/bucket\/a failed 4 times: PUT "a" was answered 503 SlowDown/,
    );
  });
});

/** Operations on a server of which so many requests go wrong, in every way there is. */
const operations = process.env['TIER'] === 'long' ? 2000 : 600;
const faultShare = 0.2;

describe('a server that fails every fifth request', () => {
  const stored = (key: string): Promise<string | undefined> =>
    Promise.resolve(server.objects.get(key)?.body.toString());

  it(
    `makes nothing believed that is not there, in ${operations} operations`,
    { timeout: 120_000 },
    async () => {
      const random = seededNumbers(7);
      const planted: Record<string, number> = {};
      server.intercept = (request, _, response) => {
        if (random() >= faultShare) return false;
        const kind = faultKinds[Math.floor(random() * faultKinds.length)]!;
        planted[kind] = (planted[kind] ?? 0) + 1;
        return plantFault(kind, { request, response });
      };
      const blobs = open({ timeoutMs: 25 });
      const { outcomes, wrong } = await operate(blobs, { stored, operations, random });
      // eslint-disable-next-line no-console -- the table that is reported
      console.log(JSON.stringify({ planted, outcomes }));
      expect(wrong).toEqual([]);
      for (const kind of faultKinds) expect(planted[kind]).toBeGreaterThan(0);
    },
  );

  it('finds out a client that takes an error for success', async () => {
    const random = seededNumbers(7);
    server.intercept = (request, _, response) =>
      random() < faultShare && plantFault('500', { request, response });
    const blobs = open({ retries: 0 });
    const gullible: BlobStore = {
      ...blobs,
      write: (...all) => blobs.write(...all).catch(() => ({ version: '', sha256: '', bytes: 0 })),
    };
    const { wrong } = await operate(gullible, { stored, operations: 100, random });
    expect(wrong.join()).toMatch(/was read as something else|is not what it was believed to be/);
  });
});
