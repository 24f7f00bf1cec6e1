import { equalCycles } from '@snapshot-ensemble/schedules';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  breakLock,
  chain,
  createSnapshotStore,
  cycleEnds,
  everySteps,
  followSchedule,
  memoryBlobs,
  resumeStep,
  saveCheckpoints,
  takeSnapshots,
  type BlobStore,
  type KeepMembers,
  type Metrics,
  type TakeSnapshotsOptions,
  type TrainingCallback,
} from '../../src/index.ts';
import { readTensors } from '../../src/testing/tensors.ts';
import { toyTrainer } from './toy-trainer.ts';

const nan = Number.NaN;

/** Steps of the members kept of cycles of two steps with these values of `score` at their ends. */
async function kept(
  scores: readonly number[],
  keep: KeepMembers,
  metricsOf = (step: number): Metrics => ({ score: scores[Math.floor(step / 2)]! }),
): Promise<number[]> {
  const totalSteps = 2 * scores.length;
  const plan = equalCycles({ totalSteps, cycles: scores.length });
  const store = createSnapshotStore(memoryBlobs());
  await toyTrainer().train(takeSnapshots(plan, store, { keep }), {
    totalSteps,
    stepsPerEpoch: 2,
    metricsOf,
  });
  return (await store.readManifest())!.members.map(({ step }) => step);
}

const best = (count: number, mode: 'min' | 'max' = 'min'): KeepMembers => ({
  best: count,
  metric: 'score',
  mode,
});

describe('takeSnapshots with keep', () => {
  it.each<[KeepMembers, number[], number[]]>([
    [{ last: 1 }, [1, 2, 3], [6]],
    [{ last: 2 }, [1, 2, 3, 4], [6, 8]],
    [{ last: 9 }, [1, 2, 3], [2, 4, 6]],
    [best(1), [3, 1, 2], [4]],
    [best(2), [3, 1, 2, 4], [4, 6]],
    [best(2, 'max'), [3, 1, 2, 4], [2, 8]],
    [best(9), [3, 1, 2], [2, 4, 6]],
    [best(1), [1, 1, 1], [2]],
    [best(2, 'max'), [5, 7, 5, 7, 7], [4, 8]],
    [best(1), [nan, 3, nan], [4]],
    [best(2), [nan, 3, nan], [2, 4]],
    [best(1, 'max'), [nan, -Infinity], [4]],
  ])('%j keeps of %j the members after steps %j', async (keep, scores, steps) => {
    expect(await kept(scores, keep)).toEqual(steps);
  });

  it('knows from its name whether a metric should be high', async () => {
    const metricsOf = (step: number): Metrics => ({ val_acc: step, val_loss: step });
    expect(await kept([0, 0, 0], { best: 1, metric: 'val_acc' }, metricsOf)).toEqual([6]);
    expect(await kept([0, 0, 0], { best: 1, metric: 'val_loss' }, metricsOf)).toEqual([2]);
  });

  it('keeps exactly the best of those offered, for any order of values', async () => {
    const cases = fc.record({
      scores: fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double()), {
        minLength: 1,
        maxLength: 9,
      }),
      count: fc.integer({ min: 1, max: 10 }),
      mode: fc.constantFrom('min' as const, 'max' as const),
    });
    const property = fc.asyncProperty(cases, async ({ scores, count, mode }) => {
      const steps = await kept(scores, best(count, mode));
      expect(steps).toHaveLength(Math.min(count, scores.length));
      expect(steps).toEqual(bestSteps(scores, count, mode));
    });
    await fc.assert(property, { numRuns: 200, seed: 1 });
  });

  it.each([
    ['keep.last is 0', { last: 0 }],
    ['keep.last is 1.5', { last: 1.5 }],
    ['keep.best is NaN', best(nan)],
    ['keep.best is -1', best(-1)],
  ])('refuses: %s', (message, keep) => {
    const plan = equalCycles({ totalSteps: 4, cycles: 2 });
    expect(() => takeSnapshots(plan, createSnapshotStore(memoryBlobs()), { keep })).toThrow(
      `takeSnapshots: ${message}; expected a whole number above 0.`,
    );
  });

  it('refuses a metric that a snapshot has not, names those it has, and saves nothing', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const plan = equalCycles({ totalSteps: 6, cycles: 2 });
    const errors: unknown[] = [];
    const saving = takeSnapshots(plan, store, {
      keep: { best: 1, metric: 'val_loss' },
      onSaveError: (error) => errors.push(error),
    });
    const metricsOf = (): Metrics => ({ loss: 1, acc: 0 });
    await expect(
      toyTrainer().train(saving, { totalSteps: 6, stepsPerEpoch: 6, metricsOf }),
    ).rejects.toThrow(
      'takeSnapshots: the snapshot after step 3 has no metric "val_loss". It has: loss, acc. Within an epoch',
    );
    expect(errors).toEqual([]);
    expect((await store.readManifest())!.members).toEqual([]);
  });

  it('does not judge what a stop leaves within a cycle', async () => {
    const blobs = memoryBlobs();
    expect(await leg(blobs, best(1), { after: 8, by: 'stop' })).toEqual([6, 8]);
    expect(await leg(blobs, best(1))).toEqual([6]);
    const newest = memoryBlobs();
    expect(await leg(newest, { last: 1 }, { after: 8, by: 'stop' })).toEqual([8]);
    expect(await leg(newest, { last: 1 })).toEqual([24]);
  });

  it('clears whatever is too much when the next member is safe', async () => {
    const blobs = memoryBlobs();
    expect(await leg(blobs, best(4), { after: 18, by: 'stop' })).toEqual([6, 12, 18]);
    expect(await leg(blobs, best(1))).toEqual([6]);
  });

  it('comes to the same members however often the run was cut', async () => {
    const cut = fc.record({
      after: fc.integer({ min: 1, max: 23 }),
      by: fc.constantFrom('stop' as const, 'crash' as const),
    });
    const cases = fc.record({
      scores: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 24, maxLength: 24 }),
      keep: fc.oneof(
        fc.record({ last: fc.integer({ min: 1, max: 4 }) }),
        fc.integer({ min: 1, max: 4 }).map((count) => best(count)),
      ),
      at: fc.constantFrom(cycleEnds(), everySteps(4)),
      checkpointEvery: fc.integer({ min: 1, max: 7 }),
      cuts: fc.array(cut, { minLength: 1, maxLength: 3 }),
    });
    const property = fc.asyncProperty(
      cases,
      async ({ scores, keep, at, checkpointEvery, cuts }) => {
        const settings = { scores, at, checkpointEvery };
        const [blobs, uncut] = [memoryBlobs(), memoryBlobs()];
        for (const where of cuts) await leg(blobs, keep, where, settings);
        await leg(blobs, keep, undefined, settings);
        await leg(uncut, keep, undefined, settings);
        expect(await contents(blobs)).toEqual(await contents(uncut));
      },
    );
    await fc.assert(property, { numRuns: 200, seed: 2 });
  });
});

/** The same by sorting all at once. */
function bestSteps(scores: readonly number[], count: number, mode: 'min' | 'max'): number[] {
  const sign = mode === 'min' ? 1 : -1;
  const rank = (score: number): number => (Number.isNaN(score) ? Infinity : sign * score);
  const order = [...scores.keys()].sort((a, b) => {
    const [left, right] = [rank(scores[a]!), rank(scores[b]!)];
    if (left !== right) return left < right ? -1 : 1;
    return Number(Number.isNaN(scores[a])) - Number(Number.isNaN(scores[b])) || a - b;
  });
  return order
    .slice(0, count)
    .map((index) => 2 * (index + 1))
    .sort((a, b) => a - b);
}

class Crash extends Error {}

interface Cut {
  readonly after: number;
  readonly by: 'stop' | 'crash';
}

interface Settings {
  readonly scores?: readonly number[];
  readonly at?: NonNullable<TakeSnapshotsOptions['at']>;
  readonly checkpointEvery?: number;
}

/** Trains 24 steps in four cycles from where the store's run stands to the cut, if any; returns the members' steps. */
async function leg(
  blobs: BlobStore,
  keep: KeepMembers,
  cut?: Cut,
  { scores, at = cycleEnds(), checkpointEvery = 1 }: Settings = {},
): Promise<number[]> {
  // A crash leaves its lock behind; a new process would see that its holder is dead.
  await breakLock(blobs);
  const store = createSnapshotStore(blobs);
  const plan = equalCycles({ totalSteps: 24, cycles: 4 });
  const cutting: TrainingCallback = {
    name: 'cutting',
    onStepEnd: ({ step }, trainer) => {
      if (step + 1 !== cut?.after) return;
      if (cut.by === 'crash') throw new Crash();
      trainer.stop();
    },
  };
  const callback = chain(
    followSchedule(() => 0.01),
    takeSnapshots(plan, store, { at, keep, existing: 'resume-or-start' }),
    saveCheckpoints(store, { everySteps: checkpointEvery, existing: 'resume-or-start' }),
    cutting,
  );
  const training = toyTrainer().train(callback, {
    totalSteps: 24,
    stepsPerEpoch: 5,
    firstStep: await resumeStep(store),
    metricsOf: (step) => ({ score: scores?.[step] ?? step }),
  });
  await training.catch((error: unknown) => {
    if (!(error instanceof Crash)) throw error;
  });
  return (await store.readManifest())!.members.map(({ step }) => step);
}

/** What a store's members are, weights included. */
async function contents(blobs: BlobStore): Promise<unknown[]> {
  const store = createSnapshotStore(blobs);
  const members = (await store.readManifest())!.members;
  return Promise.all(
    members.map(async ({ id, cycle, step, metrics }) => {
      const [weight] = await readTensors(store.readMember(id));
      return { cycle, step, metrics, weight: weight?.data };
    }),
  );
}
