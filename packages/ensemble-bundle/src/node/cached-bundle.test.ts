import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBundle, type BundleSource } from '../index.ts';
import { bundleDirectory, cachedBundle } from './index.ts';

// Made with Python's onnx: conformance/serving/make.py
const tiny = fileURLToPath(new URL('../../../../conformance/serving/golden/tiny', import.meta.url));
const GRAPH = 'ensemble.onnx';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cached-bundle-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Counts what is asked for; `damaged` changes the last byte of the graph. */
function counted({ damaged = false } = {}): {
  readonly source: BundleSource;
  readonly asked: string[];
} {
  const asked: string[] = [];
  const bundle = bundleDirectory(tiny);
  return {
    asked,
    source: {
      async *read(path) {
        asked.push(path);
        for await (const chunk of bundle.read(path))
          yield damaged && path === GRAPH ? chunk.map((byte) => byte ^ 1) : chunk;
      },
    },
  };
}

async function readGraph(source: BundleSource): Promise<number> {
  await using bundle = await readBundle(source);
  return (await bundle.readGraph()).length;
}

describe('cachedBundle', () => {
  it('fetches a file once, for all who read it, and for the next process', async () => {
    const { source, asked } = counted();
    const cached = cachedBundle(source, folder);
    const bytes = await Promise.all([readGraph(cached), readGraph(cached)]);
    expect(bytes).toEqual([1582, 1582]);
    expect(await readGraph(cachedBundle(source, folder))).toBe(1582);
    expect(asked.filter((path) => path === GRAPH)).toHaveLength(1);
    expect(asked.filter((path) => path === 'ensemble.json')).toHaveLength(3);
  });

  it('keeps nothing that is not what the manifest says', async () => {
    const { source } = counted({ damaged: true });
    await expect(readGraph(cachedBundle(source, folder))).rejects.toMatchObject({
      code: 'wrong-checksum',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('fetches again what was damaged in the folder', async () => {
    const { source, asked } = counted();
    await readGraph(cachedBundle(source, folder));
    const [kept] = await readdir(folder);
    await writeFile(join(folder, kept!), 'damaged');
    expect(await readGraph(cachedBundle(source, folder))).toBe(1582);
    expect(asked.filter((path) => path === GRAPH)).toHaveLength(2);
  });

  it('says what the source says of files that are not there', async () => {
    const cached = cachedBundle(bundleDirectory(join(folder, 'none')), folder);
    await expect(readBundle(cached)).rejects.toMatchObject({ code: 'missing-file' });
  });
});
