import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, createSnapshotStore, verify } from '../../src/index.ts';
import { fileBlobs } from '../../src/node/index.ts';
import { elements } from './model.mjs';

/** More in the long target. */
const rounds = process.env['TIER'] === 'long' ? 200 : 6;
const expiryMs = 60;
const rivalFile = fileURLToPath(new URL('rival.mjs', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-core-rivals-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Rival {
  readonly process: ChildProcess;
  lines(): readonly string[];
  /** Resolves once it has said so many lines that begin so, or has ended. */
  said(marker: string, times?: number): Promise<void>;
  readonly ended: Promise<void>;
}

function startRival(name: string): Rival {
  const child = spawn(process.execPath, [rivalFile, folder, name, String(expiryMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  const lines = (): readonly string[] => output.split('\n').filter(Boolean);
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (const listen of listeners) listen();
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      resolve();
      for (const listen of listeners) listen();
    });
  });
  return {
    process: child,
    lines,
    ended,
    said: (marker, times = 1) =>
      new Promise((resolve) => {
        const listen = (): void => {
          const count = lines().filter((line) => line.startsWith(marker)).length;
          if (count < times && child.exitCode === null) return;
          listeners.delete(listen);
          resolve();
        };
        listeners.add(listen);
        listen();
      }),
  };
}

/** What is wrong with the store: everything the manifest lists must be whole, and of one step and one writer. */
async function faults(): Promise<string[]> {
  const blobs = fileBlobs(folder);
  const store = createSnapshotStore(blobs);
  const found = (await verify(blobs)).faults.map(({ message }) => message);
  for (const { id, step } of (await store.readManifest())!.members) {
    for await (const { data } of store.readMember(id)) {
      if (data.length !== elements) found.push(`${id} has ${data.length} elements`);
      if (data.slice(1).some((value) => value !== step)) found.push(`${id} holds another step`);
    }
  }
  const checkpoint = await store.readCheckpoint();
  for await (const { data } of checkpoint!.weights()) {
    if (data.at(-1) !== checkpoint!.record.step) found.push('the checkpoint holds another step');
  }
  return found;
}

describe('a writer that is stopped past the expiry of its lock, and continued,', () => {
  it(
    `damages nothing of the one that took over, in ${rounds} rounds`,
    { timeout: rounds * 20_000 },
    async () => {
      let lost = 0;
      for (let round = 0; round < rounds; round += 1) {
        const first = startRival('a');
        await first.said('saved', 1 + (round % 3));
        // Stopped at another instant of a save each round.
        await new Promise((resolve) => setTimeout(resolve, (round * 7) % 23));
        first.process.kill('SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, expiryMs + 20));
        const second = startRival('b');
        await second.said('saved', 2);
        expect(second.lines()[0], 'the second takes over').toBe('begun');
        first.process.kill('SIGCONT');
        await first.ended;
        if (first.lines().at(-1) === 'failed lock-lost') lost += 1;
        await second.said('saved', 5);
        second.process.stdin?.write('end');
        await second.ended;
        expect(second.lines().at(-1), `round ${round}: ${second.lines().join(', ')}`).toBe(
          'closed',
        );
        expect(await faults(), `round ${round}`).toEqual([]);
        const { foreign } = await collect(fileBlobs(folder));
        expect(foreign).toEqual([]);
      }
      // eslint-disable-next-line no-console -- how hard the test was is for people to read
      console.log(`${lost} of ${rounds} stopped writers found that they had lost the lock`);
      expect(lost).toBe(rounds);
    },
  );
});
