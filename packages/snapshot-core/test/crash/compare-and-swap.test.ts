import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { fileBlobs } from '../../src/node/index.ts';

const counterFile = fileURLToPath(new URL('counter.mjs', import.meta.url));
const rounds = process.env['TIER'] === 'long' ? 300 : 40;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-core-swap-'));
  await fileBlobs(folder).write('counter', streamOf(new TextEncoder().encode('0')));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs a counting process and returns what it counted; kills it once it has counted so often. */
function counted(count: number, killAfter = Number.POSITIVE_INFINITY): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [counterFile, folder, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > killAfter) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => {
      resolve(
        output
          .split('\n')
          .filter(Boolean)
          .map((line) => Number(line.slice('counted '.length))),
      );
    });
  });
}

async function total(): Promise<number> {
  return Number(new TextDecoder().decode(await readAll(fileBlobs(folder).read('counter'))));
}

describe('compare-and-swap between processes', () => {
  it('loses no update of four that count at once', { timeout: 120_000 }, async () => {
    const values = (await Promise.all([1, 2, 3, 4].map(() => counted(rounds)))).flat();
    expect(new Set(values).size).toBe(4 * rounds);
    expect(await total()).toBe(4 * rounds);
  });

  it(
    'goes on when writers are killed, and loses at most an acknowledgement',
    { timeout: 120_000 },
    async () => {
      const killed = [3, 7, 11];
      const runs = await Promise.all([
        counted(rounds),
        ...killed.map((after) => counted(1e6, after)),
      ]);
      const values = runs.flat();
      expect(new Set(values).size).toBe(values.length);
      const unacknowledged = (await total()) - values.length;
      expect(unacknowledged).toBeGreaterThanOrEqual(0);
      expect(unacknowledged).toBeLessThanOrEqual(killed.length);
      // One more writer clears up after the dead.
      await counted(1);
      expect((await readdir(folder)).toSorted()).toEqual(['counter']);
    },
  );
});
