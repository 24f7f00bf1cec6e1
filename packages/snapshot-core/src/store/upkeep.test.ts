import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../blob-store.ts';
import { memoryBlobs } from '../blobs/memory.ts';
import type { Run, RunDescription } from '../snapshot-store.ts';
import {
  everyDtype,
  fingerprint,
  readTensors,
  tensorStream,
  weightsFrom,
} from '../testing/tensors.ts';
import { collect } from './collect.ts';
import { createSnapshotStore } from './create-snapshot-store.ts';
import { repair } from './repair.ts';
import { verify } from './verify.ts';

const specs = everyDtype();
const description: RunDescription = {
  model: { format: 'test', topology: { a: 1 }, weights: specs },
  plan: { totalSteps: 9, cycles: [3, 6, 9].map((end, index) => ({ index, start: end - 3, end })) },
  schedule: [{ start: 0, end: 9, lrMax: 0.1, lrEnd: Number.NaN }],
};
const weights = (seed: number) => tensorStream(weightsFrom(specs, seed));
const text = (value: string) => streamOf(new TextEncoder().encode(value));

let blobs: BlobStore;
beforeEach(() => {
  blobs = memoryBlobs();
});

const begin = (existing: 'refuse' | 'resume-or-start' | 'overwrite' = 'refuse'): Promise<Run> =>
  createSnapshotStore(blobs, { versions: { core: '1.2.3' } }).begin(description, { existing });

/** A closed run of members at these steps and, with the last, a checkpoint. */
async function runOf(steps: readonly number[]): Promise<void> {
  const run = await begin();
  for (const step of steps) {
    const metrics = { loss: step / 10, diverged: Number.NaN };
    await run.save({ cycle: step / 3 - 1, step, learningRate: 0.1 / step, metrics }, weights(step));
  }
  const callbacks = { json: { a: 1 }, tensors: weightsFrom(specs, 20) };
  await run.saveCheckpoint({ step: steps.at(-1)!, epoch: 4 }, { weights: weights(9), callbacks });
  if (steps.at(-1) === 9) await run.end();
  else await run.close();
}

/** All blobs but the lock, with their bytes. */
async function contents(): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  for await (const { key } of blobs.list('')) {
    if (key !== 'lock.json')
      all.set(key, Buffer.from(await readAll(blobs.read(key))).toString('hex'));
  }
  return all;
}

const manifestOf = () => createSnapshotStore(blobs).readManifest();

describe('a folder that is not this run’s', () => {
  it.each(['refuse', 'resume-or-start', 'overwrite'] as const)(
    'with members and no manifest is refused by %s and stays as it is',
    async (existing) => {
      await runOf([3, 6]);
      await blobs.remove('manifest.json');
      await blobs.write('members/holiday.jpg', text('not ours'));
      const before = await contents();
      await expect(begin(existing)).rejects.toMatchObject({ code: 'no-manifest' });
      await expect(begin(existing)).rejects.toThrow(
        'call repair(blobs), which rebuilds the manifest',
      );
      expect(await contents()).toEqual(before);
    },
  );

  it('keeps every foreign file through begin, resume, overwrite and saves', async () => {
    await runOf([3]);
    const foreign = [
      'members/holiday.jpg',
      'checkpoints/notes.txt',
      'readme.md',
      'topology-2.json',
    ];
    for (const key of foreign) await blobs.write(key, text('not ours'));
    for (const existing of ['resume-or-start', 'overwrite', 'resume-or-start'] as const) {
      const run = await begin(existing);
      await run.save({ cycle: 1, step: 6, learningRate: 0.1 }, weights(6));
      await run.saveCheckpoint({ step: 6, epoch: 2 }, { weights: weights(6) });
      await run.close();
    }
    await collect(blobs);
    const after = await contents();
    for (const key of foreign) {
      expect(Buffer.from(after.get(key) ?? '', 'hex').toString()).toBe('not ours');
    }
  });

  it('is not overwritten if its manifest cannot be read', async () => {
    await runOf([3]);
    await blobs.write('manifest.json', text('{"name": "a web app"}'));
    const before = await contents();
    await expect(begin('overwrite')).rejects.toMatchObject({ code: 'damaged' });
    expect(await contents()).toEqual(before);
  });
});

describe('collect', () => {
  /** Leaves a member and a checkpoint that no manifest lists, as a process does that is killed before it names them. */
  async function orphans(): Promise<string[]> {
    const before = await contents();
    const manifest = await readAll(blobs.read('manifest.json'));
    const run = await begin('resume-or-start');
    await run.save({ cycle: 2, step: 9, learningRate: 0.1 }, weights(9));
    await run.close();
    await blobs.write('manifest.json', streamOf(manifest));
    return [...(await contents()).keys()].filter((key) => !before.has(key));
  }

  it('removes what the run saved and does not list, after a dry run that only says so', async () => {
    await runOf([3, 6]);
    const left = await orphans();
    expect(left).toHaveLength(1);
    await blobs.write('members/step-00000003-000000000000.safetensors', text('not ours'));
    const before = await contents();
    const dry = await collect(blobs, { dryRun: true });
    expect(await contents()).toEqual(before);
    expect(dry.removed.map(({ key }) => key)).toEqual(left);
    expect(dry.foreign.map(({ key }) => key)).toEqual([
      'members/step-00000003-000000000000.safetensors',
    ]);
    expect(await collect(blobs)).toEqual(dry);
    expect([...(await contents()).keys()]).toEqual(
      [...before.keys()].filter((key) => !left.includes(key)),
    );
    expect((await verify(blobs)).faults).toEqual([]);
  });

  it('knows what an overwritten run left', async () => {
    await runOf([3, 6]);
    const left = await orphans();
    await (await begin('overwrite')).close();
    expect((await collect(blobs)).removed.map(({ key }) => key)).toEqual(left);
  });

  it('leaves another run’s blobs alone, and waits for no writer', async () => {
    await runOf([3]);
    const other = memoryBlobs();
    const run = await createSnapshotStore(other).begin(description);
    const { key } = await run.save({ cycle: 0, step: 3, learningRate: 0.1 }, weights(1));
    await blobs.write(key, other.read(key));
    expect((await collect(blobs)).foreign.map((info) => info.key)).toEqual([key]);
    await expect(collect(other)).rejects.toMatchObject({ code: 'locked' });
    await expect(collect(memoryBlobs())).rejects.toMatchObject({ code: 'no-manifest' });
  });
});

describe('repair', () => {
  it.each([
    ['is missing', () => blobs.remove('manifest.json')],
    ['is torn', () => blobs.write('manifest.json', text('{"schemaVersion": 1, "run"'))],
  ])('rebuilds a manifest that %s, exactly', async (_, harm) => {
    await runOf([3, 6, 9]);
    const manifest = await manifestOf();
    await harm();
    const before = await contents();
    const dry = await repair(blobs, { dryRun: true });
    expect(await contents()).toEqual(before);
    const repaired = await repair(blobs);
    expect(repaired).toEqual(dry);
    expect(repaired).toMatchObject({ isRebuilt: true, dropped: [] });
    expect(await manifestOf()).toEqual(manifest);
    expect((await verify(blobs)).faults).toEqual([]);
    if (repaired.damagedManifest !== undefined) {
      expect((await contents()).get(repaired.damagedManifest)).toBe(before.get('manifest.json'));
    }
    const store = createSnapshotStore(blobs);
    const [first] = manifest!.members;
    expect(fingerprint(await readTensors(store.readMember(first!.id)))).toBe(
      fingerprint(weightsFrom(specs, 3)),
    );
    expect((await (await store.readCheckpoint())!.callbacks()).json).toEqual({ a: 1 });
  });

  it('takes damaged and missing members out, says which, and removes nothing', async () => {
    await runOf([3, 6, 9]);
    const [first, second] = (await manifestOf())!.members;
    await blobs.write(first!.key, text('torn'));
    await blobs.remove(second!.key);
    const { faults } = await verify(blobs);
    expect(faults.map(({ key, code }) => [key, code])).toEqual([
      [first!.key, 'damaged'],
      [second!.key, 'not-found'],
    ]);
    const repaired = await repair(blobs);
    expect(repaired).toMatchObject({ isRebuilt: false, dropped: faults });
    expect((await manifestOf())?.members.map(({ step }) => step)).toEqual([9]);
    expect((await contents()).has(first!.key)).toBe(true);
    expect((await verify(blobs)).faults).toEqual([]);
  });

  it('drops a damaged checkpoint, and leaves a sound store alone', async () => {
    await runOf([3, 6]);
    const before = await contents();
    expect(await repair(blobs)).toMatchObject({ isRebuilt: false, dropped: [] });
    expect(await contents()).toEqual(before);
    await blobs.write((await manifestOf())!.checkpoint!.key, text('torn'));
    await repair(blobs);
    expect((await manifestOf())?.checkpoint).toBeNull();
  });

  it('says so where there is nothing to rebuild from', async () => {
    await expect(repair(blobs)).rejects.toMatchObject({ code: 'not-found' });
    await blobs.write('members/holiday.jpg', text('not ours'));
    await expect(repair(blobs)).rejects.toThrow('There is nothing to repair');
  });
});
