import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { streamOf } from '../index.ts';
import { ignoring, renameFile, replaceFile, writeNewFile } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytes-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A stream large enough to be flushed before its end. */
async function* goneSource(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(20_000_000);
  await Promise.reject(new Error('source gone'));
}
const failure = (code: string): Error => Object.assign(new Error(code), { code });

describe('replaceFile', () => {
  it('makes folders, replaces, and returns what it wrote', async () => {
    const file = join(folder, 'deep', 'er', 'a.bin');
    await replaceFile(file, streamOf(Uint8Array.of(9)));
    // printf '\x01\x02\x03\x04' | sha256sum
    expect(await replaceFile(file, streamOf(Uint8Array.of(1, 2), Uint8Array.of(3, 4)))).toEqual({
      bytes: 4,
      sha256: '9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a',
    });
    expect([...(await readFile(file))]).toEqual([1, 2, 3, 4]);
    expect(await readdir(join(folder, 'deep', 'er'))).toEqual(['a.bin']);
  });

  it('leaves the old file, and nothing else, of a write that fails', async () => {
    const file = join(folder, 'a.bin');
    await writeFile(file, 'old');
    await expect(replaceFile(file, goneSource())).rejects.toThrow('source gone');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.bin']);
  });

  it('keeps every byte of a file that is flushed while it is written', async () => {
    const part = (index: number): Uint8Array => new Uint8Array(5_000_000).fill(index);
    const parts = (async function* () {
      for (let index = 1; index <= 8; index++) yield await Promise.resolve(part(index));
    })();
    await replaceFile(join(folder, 'a.bin'), parts);
    const whole = Buffer.concat([1, 2, 3, 4, 5, 6, 7, 8].map(part));
    expect(whole.equals(await readFile(join(folder, 'a.bin')))).toBe(true);
  });
});

describe('writeNewFile', () => {
  it('touches no file that is there', async () => {
    const file = join(folder, 'a.bin');
    await writeFile(file, 'old');
    await expect(writeNewFile(file, streamOf())).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  it('leaves no file where a step fails', async () => {
    const file = join(folder, 'a.bin');
    const fail = (): Promise<void> => Promise.reject(failure('EIO'));
    for (const step of ['beforeFlush', 'afterFlush'])
      await expect(writeNewFile(file, streamOf(), { [step]: fail })).rejects.toThrow('EIO');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('renameFile', () => {
  /** A disk that refuses so often, and how long it was waited for. */
  const disk = (code: string, refusals: number) => {
    const waits: number[] = [];
    let calls = 0;
    return {
      waits,
      rename: () => {
        calls += 1;
        return calls > refusals ? Promise.resolve() : Promise.reject(failure(code));
      },
      wait: (ms: number) => {
        waits.push(ms);
        return Promise.resolve();
      },
    };
  };

  it.each(['EPERM', 'EACCES', 'EBUSY'])('tries again after %s', async (code) => {
    const held = disk(code, 3);
    await renameFile('a', 'b', held);
    expect(held.waits).toEqual([1, 2, 4]);
  });

  it('gives up after about one second, with the error', async () => {
    const held = disk('EPERM', Infinity);
    await expect(renameFile('a', 'b', held)).rejects.toMatchObject({ code: 'EPERM' });
    expect(held.waits.reduce((sum, ms) => sum + ms)).toBe(1023);
  });

  it('throws what will not pass at once', async () => {
    const full = disk('ENOSPC', Infinity);
    await expect(renameFile('a', 'b', full)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(full.waits).toEqual([]);
  });
});

it('ignoring passes other errors on', async () => {
  const failing = (code: string): Promise<string> => Promise.reject(failure(code));
  expect(await ignoring(['ENOENT'], failing('ENOENT'))).toBeUndefined();
  await expect(ignoring(['ENOENT'], failing('EIO'))).rejects.toThrow('EIO');
});
