import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readServeConfig } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(config: unknown, environment: Record<string, string> = {}) {
  const path = join(folder, 'serve.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return readServeConfig(path, environment);
}

describe('readServeConfig', () => {
  it('reads every option, folders from its own and keys from the environment', async () => {
    await writeFile(join(folder, 'key.pem'), 'a key');
    await writeFile(join(folder, 'cert.pem'), 'a certificate');
    const options = await read(
      {
        bundles: {
          digits: 'bundle',
          garments: { versions: { 1: 'old', 2: 'new' }, limits: { maxRows: 8 } },
        },
        port: 9000,
        grpcPort: 9001,
        tls: { key: 'key.pem', cert: 'cert.pem' },
        runtime: { workers: 2 },
        limits: { bodyBytes: 1000 },
        access: { admin: { keysFrom: 'ADMIN' }, metrics: 'off' },
        allowedHosts: ['models.example'],
        watchMs: 5000,
      },
      { ADMIN: 'a,b' },
    );
    expect(options).toMatchObject({
      bundles: {
        digits: join(folder, 'bundle'),
        garments: { versions: { 1: join(folder, 'old'), 2: join(folder, 'new') } },
      },
      port: 9000,
      runtime: { workers: 2 },
      limits: { bodyBytes: 1000 },
      access: { admin: { keys: ['a', 'b'] }, metrics: 'off' },
      watchMs: 5000,
    });
    expect(String(options.tls?.key)).toBe('a key');
  });

  it.each<[unknown, string]>([
    ['{', 'is not JSON'],
    [{}, 'bundles is wrong'],
    [{ bundles: {}, prot: 1 }, 'prot is wrong'],
    [{ bundles: {}, limits: { bodybytes: 1 } }, 'limits.bodybytes is wrong'],
    [{ bundles: {}, access: { admin: 'maybe' } }, 'access.admin is wrong'],
    [
      { bundles: {}, access: { admin: { keysFrom: 'NOPE' } } },
      'the environment variable NOPE, which is empty',
    ],
  ])('refuses %j', async (config, text) => {
    await expect(read(config)).rejects.toThrow(RangeError);
    await expect(read(config)).rejects.toThrow(text);
  });
});
