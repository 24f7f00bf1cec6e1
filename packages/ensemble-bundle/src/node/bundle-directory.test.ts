import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamOf } from '@snapshot-ensemble/bytes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleManifest } from '../../test/example.ts';
import { readBundle, writeBundle } from '../index.ts';
import { bundleDirectory } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('bundleDirectory', () => {
  it('holds a bundle, in folders it makes', async () => {
    const directory = bundleDirectory(join(folder, 'deep', 'bundle'));
    const bytes = Uint8Array.of(7, 8);
    await writeBundle(directory, {
      manifest: exampleManifest(),
      files: { 'ensemble.onnx': bytes, 'members/000.onnx': bytes },
    });
    const bundle = await readBundle(directory);
    await bundle.verify();
    expect(await bundle.readFile('members/000.onnx')).toEqual(bytes);
  });

  it('leaves nothing of a write that fails', async () => {
    const failing = (async function* () {
      // Large enough to be flushed before the end.
      yield new Uint8Array(20_000_000);
      await Promise.reject(new Error('source gone'));
    })();
    await expect(bundleDirectory(folder).write('a.bin', failing)).rejects.toThrow('source gone');
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps to its folder', async () => {
    const directory = bundleDirectory(folder);
    const nothing = streamOf(new Uint8Array());
    await expect(async () => directory.write('../a', nothing)).rejects.toMatchObject({
      code: 'unsafe-path',
    });
  });

  it('names a missing file', async () => {
    await expect(readBundle(bundleDirectory(folder))).rejects.toMatchObject({
      code: 'missing-file',
      path: 'ensemble.json',
    });
  });
});
