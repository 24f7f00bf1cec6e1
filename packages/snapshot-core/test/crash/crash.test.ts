import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, createSnapshotStore } from '../../src/index.ts';
import { fileBlobs } from '../../src/node/index.ts';
import { model, plan } from './model.mjs';
import { killedWriter, startWriter } from './run-writer.ts';

/** More in the long target: `npm run test:long`. */
const kills = process.env['TIER'] === 'long' ? 1000 : 20;
const longestDelayMs = 60;
/** What one killed write may leave in a folder: the next write into it clears up. Compare-and-swap, in the root, takes two. */
const mostTemporaryFiles: Readonly<Record<string, number>> = { '.': 2, members: 1, checkpoints: 1 };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-core-crash-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What is wrong with a store whose writer was killed after saying these lines; empty if nothing is. */
async function faultsOf(lines: readonly string[]): Promise<string[]> {
  const faults = lines.filter((line) => line.startsWith('failed'));
  const store = createSnapshotStore(fileBlobs(folder));
  const manifest = await store.readManifest();
  const members = manifest?.members ?? [];
  const oldest = members[0]?.step ?? 0;
  const awaited = lines.flatMap((line) => /^saved (\d+)$/.exec(line)?.slice(1).map(Number) ?? []);
  for (const step of awaited) {
    // The writer itself takes out the oldest members.
    const isTakenOut = step < oldest;
    if (!isTakenOut && !members.some((member) => member.step === step))
      faults.push(`member ${step} is lost`);
  }
  for (const { id, step } of members) {
    for await (const { data } of store.readMember(id)) {
      if (data.some((value) => value !== step)) faults.push(`member ${step} holds something else`);
    }
  }
  const checkpoint = await store.readCheckpoint();
  const said = lines.flatMap(
    (line) => /^saved checkpoint (\d+)$/.exec(line)?.slice(1).map(Number) ?? [],
  );
  const newest = said.at(-1);
  if (newest !== undefined && (checkpoint?.record.step ?? -1) < newest)
    faults.push(`checkpoint ${newest} is lost`);
  if (checkpoint !== undefined) {
    for await (const { data } of checkpoint.optimizer()) {
      if (data[0] !== -checkpoint.record.step) faults.push('the checkpoint holds something else');
    }
  }
  const temporary = (await readdir(folder, { recursive: true })).filter((name) =>
    name.includes('~'),
  );
  for (const [place, most] of Object.entries(mostTemporaryFiles)) {
    const here = temporary.filter((name) => dirname(name) === place);
    if (here.length > most) faults.push(`temporary files pile up: ${here.join(', ')}`);
  }
  return faults;
}

const isInsideSave = (lines: readonly string[]): boolean =>
  lines.at(-1)?.startsWith('saving') === true;

describe('a process killed while it saves', () => {
  it(`loses nothing that was awaited, in ${kills} kills`, { timeout: kills * 3000 }, async () => {
    let inside = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      // Spread evenly instead of drawn: every run covers all instants.
      const delayMs = (longestDelayMs * kill) / kills;
      const { lines } = await killedWriter(folder, { delayMs });
      if (isInsideSave(lines)) inside += 1;
      expect(
        await faultsOf(lines),
        `kill ${kill} after ${delayMs} ms: ${lines.slice(-4).join(' | ')}`,
      ).toEqual([]);
    }
    // eslint-disable-next-line no-console -- how hard the test was is for people to read
    console.log(`${inside} of ${kills} kills fell inside a save`);
    expect(inside).toBeGreaterThanOrEqual(kills / 2);
    // The next writer takes over and clears up.
    const store = createSnapshotStore(fileBlobs(folder));
    const run = await store.begin({ model, plan, schedule: [] }, { existing: 'resume' });
    const { members, checkpoint } = run.manifest;
    const files = await readdir(folder, { recursive: true });
    const named = [...members, ...(checkpoint === null ? [] : [checkpoint])].map(({ key }) => key);
    const folders = ['members', 'checkpoints'];
    const expected = ['lock.json', 'manifest.json', 'topology.json', ...folders, ...named];
    await run.close();
    expect(files).toEqual(expect.arrayContaining(expected));
    const { foreign } = await collect(fileBlobs(folder));
    expect(foreign).toEqual([]);
    const left = (await readdir(folder, { recursive: true })).filter((name) => !name.includes('~'));
    expect(left.toSorted()).toEqual(expected.toSorted());
  });

  it('is found out if it says too early that a member is safe', async () => {
    const faults: string[] = [];
    for (let kill = 0; kill < kills && faults.length === 0; kill += 1) {
      const { lines } = await killedWriter(folder, { delayMs: kill, fault: 'early' });
      faults.push(...(await faultsOf(lines)));
    }
    expect(faults.join()).toMatch(/member \d+ is lost/);
  });
});

describe('two processes on one store', () => {
  it('keeps the second out while the first lives, and says who that is', async () => {
    const attempt = async (pid: () => string): Promise<void> => {
      const second = createSnapshotStore(fileBlobs(folder));
      const begun = second.begin({ model, plan, schedule: [] }, { existing: 'resume' });
      await expect(begun).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringContaining(pid()),
      });
    };
    const first = createSnapshotStore(fileBlobs(folder));
    const run = await first.begin({ model, plan, schedule: [] });
    const { lines } = await killedWriter(folder, { delayMs: 0, marker: 'failed' });
    expect(lines.join('\n')).toContain(
      `failed locked: Another writer holds this store: process ${process.pid} on`,
    );
    await attempt(() => `This process (${process.pid}) already holds`);
    await run.close();
  });

  it('lets exactly one of many take over from the dead', { timeout: 60_000 }, async () => {
    await killedWriter(folder, { delayMs: 5 });
    const writers = Array.from({ length: 4 }, () => startWriter(folder));
    // All have won or lost before the winner is killed: it would leave the lock to a slow starter.
    await Promise.all(writers.map((writer) => writer.spoken('\n')));
    for (const writer of writers) writer.kill();
    const heirs = await Promise.all(writers.map(({ ended }) => ended));
    const winners = heirs.filter(({ lines }) => lines.some((line) => line.startsWith('saving')));
    const refused = heirs.filter(({ lines }) =>
      lines.some((line) => line.startsWith('failed locked')),
    );
    expect([winners.length, refused.length]).toEqual([1, 3]);
  });
});
