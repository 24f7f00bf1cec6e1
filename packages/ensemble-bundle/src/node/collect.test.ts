import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleManifest } from '../../test/example.ts';
import { readBundle, writeBundle, type Bundle } from '../index.ts';
import { bundleDirectory, collectRevisions } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Exports a bundle of this name and returns its revision. */
async function exported(name: string): Promise<string> {
  const files = { 'ensemble.onnx': Uint8Array.of(1, 2, 3) };
  await writeBundle(bundleDirectory(folder), { manifest: { ...exampleManifest(), name }, files });
  return (await readFile(join(folder, 'current'), 'utf8')).trim();
}
const open = (): Promise<Bundle> => readBundle(bundleDirectory(folder));

describe('a bundle with revisions', () => {
  it('opens at the revision in use and stays there', async () => {
    const first = await exported('one');
    const bundle = await open();
    const second = await exported('two');
    expect(first).not.toBe(second);
    expect([bundle.revision, bundle.manifest.name]).toEqual([first, 'one']);
    expect(await bundle.readGraph()).toEqual(Uint8Array.of(1, 2, 3));
    expect(bundle.locate('ensemble.onnx')).toBe(join(folder, first, 'ensemble.onnx'));
    expect((await open()).manifest.name).toBe('two');
  });

  it.each(['', '..', 'a/b', 'x'.repeat(65), 'x'.repeat(10_000)])(
    'refuses current = %j',
    async (text) => {
      await exported('one');
      await writeFile(join(folder, 'current'), text);
      await expect(open()).rejects.toMatchObject({ code: 'invalid-current', path: 'current' });
    },
  );

  it('is read anew where its revision was collected between two reads', async () => {
    const first = await exported('one');
    const second = await exported('two');
    const directory = bundleDirectory(folder);
    let stale = 2;
    const slow = {
      ...directory,
      async *read(path: string): AsyncGenerator<Uint8Array> {
        if (path !== 'current' || stale === 0) {
          yield* directory.read(path);
          return;
        }
        stale -= 1;
        if (stale === 0) await rm(join(folder, first), { recursive: true });
        yield new TextEncoder().encode(first);
      },
    };
    expect((await readBundle(slow)).revision).toBe(second);
  });
});

describe('collectRevisions', () => {
  const now = { keepForMs: 0 };

  it('removes what is neither in use nor open', async () => {
    const [first, second] = [await exported('one'), await exported('two')];
    await writeFile(join(folder, 'mine.txt'), 'not yours');
    await mkdir(join(folder, 'mine'));
    await writeFile(join(folder, 'mine', 'ensemble.json'), '{}');
    expect(await collectRevisions(folder, { ...now, dryRun: true })).toEqual({
      removed: [first],
      kept: [],
    });
    expect(await readdir(folder)).toContain(first);
    expect(await collectRevisions(folder, now)).toEqual({ removed: [first], kept: [] });
    expect((await readdir(folder)).toSorted()).toEqual(
      ['.leases', second, 'current', 'mine', 'mine.txt'].toSorted(),
    );
    await (await open()).verify();
  });

  it('leaves what a reader has open, until it is closed', async () => {
    const first = await exported('one');
    const bundle = await open();
    await exported('two');
    expect(await collectRevisions(folder, now)).toEqual({
      removed: [],
      kept: [{ path: first, reason: `process ${process.pid} has it open` }],
    });
    await bundle.verify();
    await bundle.close();
    expect((await collectRevisions(folder, now)).removed).toEqual([first]);
  });

  it('leaves what is young, for readers that cannot write', async () => {
    const first = await exported('one');
    await exported('two');
    expect((await collectRevisions(folder)).kept).toEqual([
      { path: first, reason: 'it is younger than 3600 s' },
    ]);
    await utimes(join(folder, first), 0, 0);
    expect((await collectRevisions(folder)).removed).toEqual([first]);
  });

  it.each([
    [
      'of another machine',
      { host: 'elsewhere', boot: 'x', pid: 7, start: '1' },
      /^process 7 of elsewhere had it open; remove .* if that has ended$/,
    ],
    ['that is damaged', 'x', /is damaged; remove it if no process has the bundle open$/],
  ])('leaves what a lease %s names', async (_, holder, reason) => {
    const first = await exported('one');
    await exported('two');
    await writeFile(join(folder, '.leases', `${first}~x.json`), JSON.stringify(holder));
    expect((await collectRevisions(folder, now)).kept).toEqual([
      { path: first, reason: expect.stringMatching(reason) },
    ]);
  });

  it('finishes what was collected halfway, and clears up after killed writers', async () => {
    await exported('one');
    const id = '123e4567-e89b-42d3-a456-426614174000';
    const half = `20260101T000000Z-00000000~${id}`;
    await mkdir(join(folder, half));
    await mkdir(join(folder, '20260101T000000Z-00000001'));
    await writeFile(join(folder, `current~${id}`), '');
    for (const name of [half, `current~${id}`]) await utimes(join(folder, name), 0, 0);
    const { removed } = await collectRevisions(folder, now);
    expect(removed.toSorted()).toEqual(
      [half, '20260101T000000Z-00000001', `current~${id}`].toSorted(),
    );
  });

  it('touches nothing where no revision is in use', async () => {
    const first = await exported('one');
    await rm(join(folder, 'current'));
    expect((await collectRevisions(folder, now)).removed).toEqual([]);
    expect(await readdir(folder)).toContain(first);
  });
});
