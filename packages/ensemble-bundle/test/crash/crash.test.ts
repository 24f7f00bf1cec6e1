import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBundle, type Bundle } from '../../src/index.ts';
import { bundleDirectory, collectRevisions } from '../../src/node/index.ts';
import { exampleManifest } from '../example.ts';
import { randomOf } from '../mutate.ts';

const kills = process.env['TIER'] === 'long' ? 200 : 12;
const writer = fileURLToPath(new URL('writer.mjs', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-crash-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the writer until it has written once and a moment more, then kills it. Returns the last number that was awaited. */
async function killedWriter(first: number, afterMs: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [writer, folder, String(first), JSON.stringify(exampleManifest())],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let printed = '';
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  await pause(afterMs);
  child.kill('SIGKILL');
  await ended;
  return Number(printed.trim().split('\n').at(-1));
}

/** Throws unless the bundle is one that a writer wrote, whole. */
async function checkWhole(bundle: Bundle): Promise<number> {
  const number = Number(bundle.manifest.name);
  for (const path of ['ensemble.onnx', 'members/000.onnx']) {
    const bytes = await bundle.readFile(path);
    expect(bytes.length).toBe(300_000);
    expect(bytes.every((byte) => byte === number % 251)).toBe(true);
  }
  return number;
}

describe('a writer that is killed', () => {
  it(
    `leaves the bundle that was there or the new one, for new readers and open ones (${kills} kills)`,
    {
      timeout: kills * 3000,
    },
    async () => {
      const random = randomOf(3);
      let awaited = -1;
      let switched = 0;
      let reader: Bundle | undefined;
      for (let kill = 0; kill < kills; kill += 1) {
        awaited = await killedWriter(awaited + 1, random() * 60);
        if (reader !== undefined) {
          // Opened before this writer began: nothing was taken from it, not by collecting either.
          await collectRevisions(folder, { keepForMs: 0 });
          await checkWhole(reader);
          await reader.close();
        }
        reader = await readBundle(bundleDirectory(folder));
        const number = await checkWhole(reader);
        expect(number).toBeGreaterThanOrEqual(awaited);
        expect(number).toBeLessThanOrEqual(awaited + 1);
        if (number > awaited) switched += 1;
        awaited = number;
      }
      // eslint-disable-next-line no-console -- how hard the test was is for people to read
      console.log(
        `${kills} kills inside a re-export: ${switched} left the new bundle, the others the old`,
      );
      await reader!.close();
      await collectRevisions(folder, { keepForMs: 0 });
      const names = (await readdir(folder)).filter((name) => !name.includes('~'));
      expect(names.toSorted()).toEqual(['.leases', reader!.revision!, 'current'].toSorted());
    },
  );

  it('is noticed where the switch comes before the files', async () => {
    await killedWriter(0, 0);
    await writeFile(join(folder, 'current'), '20260101T000000Z-00000000\n');
    await expect(readBundle(bundleDirectory(folder))).rejects.toMatchObject({
      code: 'missing-file',
    });
  });
});
