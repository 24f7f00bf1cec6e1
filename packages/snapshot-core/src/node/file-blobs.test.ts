import { link, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../blob-store.ts';
import { blobStoreContract } from '../testing/blob-store-contract.ts';
import { fileBlobs, fileBlobsOn } from './file-blobs.ts';
import type { Disk } from './replace.ts';
import { writerTag } from './writer-tag.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-core-files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const text = (value: string) => streamOf(new TextEncoder().encode(value));
const textOf = async (blobs: BlobStore, key: string): Promise<string> =>
  new TextDecoder().decode(await readAll(blobs.read(key)));
const failing = (code: string): Promise<never> =>
  Promise.reject(Object.assign(new Error(code), { code }));
const sound: Disk = { link, rename, wait: () => Promise.resolve() };
const files = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).toSorted();

describe.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'a disk whose hard links fail by %s',
  (code) => {
    let folders = 0;
    const make = () =>
      fileBlobsOn({ ...sound, link: () => failing(code) }, join(folder, String((folders += 1))));
    for (const { name, run } of blobStoreContract(make)) it(name, run);
  },
);

describe('fileBlobs', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('tries a rename again that fails by %s', async (code) => {
    let failures = 3;
    const blobs = fileBlobsOn(
      { ...sound, rename: (from, to) => ((failures -= 1) >= 0 ? failing(code) : rename(from, to)) },
      folder,
    );
    const { version } = await blobs.write('a', text('one'));
    failures = 3;
    await blobs.write('a', text('two'), { ifMatch: version });
    expect(await textOf(blobs, 'a')).toBe('two');
    expect(await files()).toEqual(['a']);
  });

  it.each([
    ['whole', undefined],
    ['if absent', { ifAbsent: true } as const],
  ])('leaves no temporary file of a write that fails (%s)', async (_, condition) => {
    const broken: Disk = { ...sound, link: () => failing('EIO'), rename: () => failing('EIO') };
    const writing = fileBlobsOn(broken, folder).write('members/a', text('one'), condition);
    await expect(writing).rejects.toMatchObject({ code: 'io' });
    expect(await files()).toEqual(['members']);
  });

  it('leaves no temporary file and no claim of a replacement that fails', async () => {
    const { version } = await fileBlobs(folder).write('a', text('one'));
    const blobs = fileBlobsOn({ ...sound, rename: () => failing('EIO') }, folder);
    const writing = blobs.write('a', text('two'), { ifMatch: version });
    await expect(writing).rejects.toMatchObject({ code: 'io' });
    expect(await files()).toEqual(['a']);
    await fileBlobs(folder).write('a', text('three'), { ifMatch: version });
  });

  it('lists what is in folders that are symbolic links', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'members'));
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
    const blobs = fileBlobs(folder);
    await blobs.write('members/a', text('one'));
    const keys = [];
    for await (const { key } of blobs.list('members/')) keys.push(key);
    expect(keys).toEqual(['members/a']);
  });

  it('takes keys of 200 characters, on hosts of any name', async () => {
    const key = 'k'.repeat(200);
    const { version } = await fileBlobs(folder).write(key, text('one'), { ifAbsent: true });
    await fileBlobs(folder).write(key, text('two'), { ifMatch: version });
    expect(await textOf(fileBlobs(folder), key)).toBe('two');
    const identity = {
      host: 'h'.repeat(253),
      boot: 'b'.repeat(60),
      pid: 4_194_304,
      start: '9'.repeat(12),
    };
    // Beside the longest key there is room for 55 characters: ~new-, the tag, a hyphen and eight of chance.
    expect(writerTag(identity).length).toBeLessThanOrEqual(255 - 200 - 14);
  });

  it('refuses a key that differs from another only in case', async () => {
    const blobs = fileBlobs(folder);
    await blobs.write('members/a.json', text('one'));
    for (const key of ['members/A.json', 'Members/b.json']) {
      await expect(blobs.write(key, text('two'))).rejects.toMatchObject({
        code: 'unsafe-key',
        key,
      });
    }
    await blobs.write('members/a.json', text('two'));
  });

  it.each(['con', 'members/NUL.json', 'com1', 'a.', 'a/b./c'])(
    'refuses the key %s of Windows',
    async (key) => {
      await expect(fileBlobs(folder).write(key, text('x'))).rejects.toMatchObject({
        code: 'unsafe-key',
      });
    },
  );

  it('is not led in circles by a link to a folder above', async () => {
    await writeFile(join(folder, 'a'), 'one');
    await symlink(folder, join(folder, 'again'));
    const keys = [];
    for await (const { key } of fileBlobs(folder).list('a')) keys.push(key);
    expect(keys).toEqual(['a']);
  });
});
