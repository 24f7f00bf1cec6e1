import { streamOf, readAll } from '@snapshot-ensemble/bytes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSnapshotStore } from '../../src/index.ts';
import { s3Blobs, type S3Options } from '../../src/s3/index.ts';
import { blobStoreContract, storeContract } from '../../src/testing/index.ts';
import { fakeS3, type FakeS3 } from './fake-s3.ts';

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
    await expect(saving).rejects.toThrow('was answered as stored, but is not there');
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
    let now = 0;
    let most = 0;
    server.intercept = (request, _, response) => {
      if (request.url?.includes('partNumber') !== true) return false;
      now += 1;
      most = Math.max(most, now);
      const answer = setTimeout(() => {
        now -= 1;
        response.writeHead(200, { etag: '"part"' }).end();
      }, 40);
      // A sender that gave up, as on a busy machine, sends no more.
      response.once('close', () => {
        if (response.writableEnded) return;
        clearTimeout(answer);
        now -= 1;
      });
      return true;
    };
    const chunks = streamOf(...Array.from({ length: 6 }, () => Buffer.alloc(8 * mebibyte)));
    await open({ parallelParts: 2, retries: 0 })
      .write('a', chunks)
      .catch(() => undefined);
    expect(most).toBe(2);
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
const kinds = [
  '500',
  'time-out',
  'cut before',
  'cut after',
  '200 with an error',
  'slow body',
  'cut body',
] as const;

describe('a server that fails every fifth request', () => {
  it(
    `makes nothing believed that is not there, in ${operations} operations`,
    { timeout: 120_000 },
    async () => {
      let seed = 7;
      const random = (): number => {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        return seed / 2 ** 32;
      };
      const planted: Record<string, number> = {};
      server.intercept = (request, body, response) => {
        if (random() >= faultShare) return false;
        const kind = kinds[Math.floor(random() * kinds.length)]!;
        planted[kind] = (planted[kind] ?? 0) + 1;
        return plant(kind, { request, response });
      };
      const blobs = open({ timeoutMs: 25 });
      const truth = new Map<string, string>();
      const outcome: Record<string, number> = {};
      const count = (what: string): void => void (outcome[what] = (outcome[what] ?? 0) + 1);
      for (let index = 0; index < operations; index += 1) {
        const key = `k/${Math.floor(random() * 20)}`;
        const value = `value ${index}`;
        const action = random();
        try {
          if (action < 0.5) {
            const isNew = action < 0.2;
            await blobs.write(key, text(value), isNew ? { ifAbsent: true } : undefined);
            expect(isNew && truth.has(key)).toBe(false);
            truth.set(key, value);
            count('written');
          } else if (action < 0.9) {
            const read = new TextDecoder().decode(await readAll(blobs.read(key)));
            expect(read).toBe(truth.get(key));
            count('read');
          } else {
            await blobs.remove(key);
            truth.delete(key);
            count('removed');
          }
        } catch (error) {
          const { code } = error as { readonly code?: string };
          if (code === 'not-found') expect(truth.has(key)).toBe(false);
          else if (code === 'conflict') expect(truth.has(key)).toBe(true);
          else if (code === 'io') await settle(key);
          else throw error;
          count(code);
        }
      }
      // eslint-disable-next-line no-console -- the table that is reported
      console.log(JSON.stringify({ planted, outcome }));
      server.intercept = () => false;
      const there = [...server.objects].map(([key, { body }]) => [key, body.toString()]);
      expect(Object.fromEntries(there)).toEqual(Object.fromEntries(truth));
      for (const kind of kinds) expect(planted[kind]).toBeGreaterThan(0);

      /** After an error nothing is promised: what is there counts. */
      async function settle(key: string): Promise<void> {
        const found = await Promise.resolve(server.objects.get(key));
        if (found === undefined) truth.delete(key);
        else truth.set(key, found.body.toString());
      }
    },
  );
});

interface Exchange {
  readonly request: Parameters<FakeS3['intercept']>[0];
  readonly response: Parameters<FakeS3['intercept']>[2];
}

function plant(kind: (typeof kinds)[number], { request, response }: Exchange): boolean {
  switch (kind) {
    case '500':
      response.writeHead(500).end('<Error><Code>InternalError</Code></Error>');
      return true;
    case 'time-out':
      return true;
    case 'cut before':
      request.socket.destroy();
      return true;
    case 'cut after': {
      // The server does what it was asked, and its answer is lost.
      const end = response.end.bind(response);
      response.end = ((...args: Parameters<typeof end>) => {
        request.socket.destroy();
        return end(...args);
      }) as typeof response.end;
      return false;
    }
    case '200 with an error':
      response.writeHead(200).end('<Error><Code>InternalError</Code></Error>');
      return true;
    case 'slow body':
    case 'cut body': {
      const end = response.end.bind(response);
      response.end = ((chunk?: Buffer | string) => {
        if (chunk === undefined || chunk.length < 2) return end(chunk);
        response.write(Buffer.from(chunk).subarray(0, 1));
        if (kind === 'cut body') setTimeout(() => request.socket.destroy(), 1);
        return response;
      }) as typeof response.end;
      return false;
    }
  }
}
