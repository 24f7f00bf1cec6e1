import { anneal, equalCycles, type CyclePlan } from '@snapshot-ensemble/schedules';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chain,
  createSnapshotStore,
  everySteps,
  followSchedule,
  lastEpochs,
  memoryBlobs,
  resumeStep,
  saveCheckpoints,
  takeSnapshots,
  type MemberRecord,
  type Run,
  type SnapshotStore,
  type TakeSnapshotsOptions,
  type TrainingCallback,
} from '../../src/index.ts';
import { toyTrainer, type ToyRun } from './toy-trainer.ts';

const plan = equalCycles({ totalSteps: 20, cycles: 3 });
const schedule = anneal(plan, { lrInit: 0.1 });
const run: ToyRun = { totalSteps: 20, stepsPerEpoch: 5 };

async function membersOf(
  options: TakeSnapshotsOptions = {},
  {
    of = plan,
    also = { name: 'nothing' },
    shape = run,
  }: { of?: CyclePlan; also?: TrainingCallback; shape?: ToyRun } = {},
): Promise<readonly MemberRecord[]> {
  const store = createSnapshotStore(memoryBlobs());
  await toyTrainer().train(
    chain(
      followSchedule(() => 0.01),
      takeSnapshots(of, store, options),
      also,
    ),
    shape,
  );
  return (await store.readManifest())?.members ?? [];
}

const stoppingAfter = (updates: number): TrainingCallback => ({
  name: 'stopping',
  onStepEnd: ({ step }, trainer) => {
    if (step + 1 === updates) trainer.stop();
  },
});

const stepsOf = (members: readonly MemberRecord[]): number[] => members.map(({ step }) => step);

describe('takeSnapshots', () => {
  it('saves once a cycle, the last included, with its learning rate', async () => {
    const members = await membersOf({ schedule });
    expect(plan.cycles.map(({ end }) => end)).toEqual([6, 13, 20]);
    expect(stepsOf(members)).toEqual([6, 13, 20]);
    expect(members.map(({ cycle }) => cycle)).toEqual([0, 1, 2]);
    expect(members.map(({ learningRate }) => learningRate)).toEqual([5, 12, 19].map(schedule));
  });

  it('saves the weights before the restart moves them', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const seen: number[] = [];
    const watching: TrainingCallback = {
      name: 'watching',
      onStepEnd: ({ step }, trainer) => {
        if ([6, 13, 20].includes(step + 1))
          seen.push((trainer as ReturnType<typeof toyTrainer>).weight[0]!);
      },
    };
    const saving = takeSnapshots(plan, store);
    await toyTrainer().train(chain(saving, watching, followSchedule(schedule)), run);
    const saved: number[] = [];
    for (const { id } of (await store.readManifest())!.members) {
      for await (const { data } of store.readMember(id)) saved.push(Number(data[0]));
    }
    expect(saved).toEqual(seen);
  });

  it('makes M members of M cycles, for any plan and epoch length', async () => {
    const cases = fc.record({
      cycles: fc.integer({ min: 1, max: 8 }),
      length: fc.integer({ min: 2, max: 6 }),
      rest: fc.nat(5),
      epoch: fc.integer({ min: 1, max: 9 }),
    });
    const property = fc.asyncProperty(cases, async ({ cycles, length, rest, epoch }) => {
      const totalSteps = cycles * length + rest;
      const of = equalCycles({ totalSteps, cycles });
      const members = await membersOf({}, { of, shape: { totalSteps, stepsPerEpoch: epoch } });
      expect(stepsOf(members)).toEqual(of.cycles.map(({ end }) => end));
    });
    await fc.assert(property, { numRuns: 100, seed: 1 });
  });

  it('loses none in a loop that never ends an epoch', async () => {
    const shape = { ...run, stepsPerEpoch: 1, hasEpochs: false };
    const members = await membersOf({}, { shape });
    expect(stepsOf(members)).toEqual([6, 13, 20]);
    expect(members.map(({ metrics }) => Object.keys(metrics))).toEqual([
      ['loss'],
      ['loss'],
      ['loss'],
    ]);
  });

  it('takes up at once what a training was killed before it could save', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const shape = { ...run, hasEpochs: false, stepsPerEpoch: 1 };
    const killing: TrainingCallback = {
      name: 'killing',
      onStepBegin: ({ step }) => {
        if (step === 6) throw new Error('killed');
      },
    };
    const leg = (existing: 'refuse' | 'resume', between: readonly TrainingCallback[]) =>
      chain(
        saveCheckpoints(store, { existing }),
        ...between,
        takeSnapshots(plan, store, { existing }),
      );
    await expect(toyTrainer().train(leg('refuse', [killing]), shape)).rejects.toThrow('killed');
    expect(stepsOf((await store.readManifest())!.members)).toEqual([]);
    await toyTrainer().train(leg('resume', []), { ...shape, firstStep: await resumeStep(store) });
    expect(stepsOf((await store.readManifest())!.members)).toEqual([6, 13, 20]);
  });

  it('notes the metrics of the epoch where one ends, else of the step', async () => {
    const metricsOf = (step: number): { readonly at: number } => ({ at: step });
    const members = await membersOf({}, { shape: { ...run, stepsPerEpoch: 20, metricsOf } });
    expect(members.map(({ metrics }) => metrics['at'])).toEqual([5, 12, 19]);
    expect(
      (await membersOf({}, { shape: { ...run, metricsOf: () => ({ loss: Number.NaN }) } }))[2]
        ?.metrics,
    ).toEqual({ loss: Number.NaN });
  });

  it('without a schedule notes NaN as the learning rate', async () => {
    expect((await membersOf()).map(({ learningRate }) => learningRate)).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });

  it.each([
    ['everySteps(4)', everySteps(4), [2, 6, 9, 13, 16, 20]],
    ['everySteps(100)', everySteps(100), [6, 13, 20]],
    ['lastEpochs(2)', lastEpochs(2), [1, 6, 8, 13, 15, 20]],
    ['lastEpochs(1)', lastEpochs(1), [6, 13, 20]],
    ['places of its own', () => [], []],
  ])('takes snapshots at %s', async (_, at, steps) => {
    expect(stepsOf(await membersOf({ at }))).toEqual(steps);
  });

  it('refuses snapshot points outside their cycle', async () => {
    await expect(membersOf({ at: ({ end }) => [end + 1] })).rejects.toThrow(
      'must be whole numbers in (0, 6], got 7',
    );
    expect(() => everySteps(0)).toThrow('everySteps(0): expected a whole number above 0.');
  });

  it.each([
    ['save', 9, [6, 9]],
    ['skip', 9, [6]],
    ['save', 6, [6]],
    ['save', 13, [6, 13]],
  ] as const)(
    'stopped with onStop %j after %d updates leaves members at %j',
    async (onStop, updates, steps) => {
      expect(stepsOf(await membersOf({ onStop }, { also: stoppingAfter(updates) }))).toEqual(steps);
    },
  );

  it('replaces what a stop left once the cycle has its own member', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const saving = (): TrainingCallback =>
      takeSnapshots(plan, store, { existing: 'resume-or-start' });
    await toyTrainer().train(chain(saving(), stoppingAfter(8)), run);
    expect(stepsOf((await store.readManifest())!.members)).toEqual([6, 8]);
    await toyTrainer().train(chain(saving(), stoppingAfter(10)), { ...run, firstStep: 8 });
    expect(stepsOf((await store.readManifest())!.members)).toEqual([6, 10]);
    await toyTrainer().train(saving(), { ...run, firstStep: 10 });
    expect(stepsOf((await store.readManifest())!.members)).toEqual([6, 13, 20]);
  });

  it('notes whether the run was completed', async () => {
    const completed = async (
      callback: (store: SnapshotStore) => TrainingCallback,
    ): Promise<unknown> => {
      const store = createSnapshotStore(memoryBlobs());
      await toyTrainer().train(callback(store), run);
      return (await store.readManifest())?.completed;
    };
    expect(await completed((store) => takeSnapshots(plan, store))).toBe(true);
    expect(await completed((store) => chain(takeSnapshots(plan, store), stoppingAfter(9)))).toBe(
      false,
    );
  });

  it('frees the store and saves nothing more where a training fails', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const failing: TrainingCallback = {
      name: 'failing',
      onStepEnd: ({ step }) => {
        if (step + 1 === 9) throw new Error('planted');
      },
    };
    const callbacks = chain(
      followSchedule(() => 0.01),
      takeSnapshots(plan, store, { onStop: 'save' }),
      saveCheckpoints(store, { everySteps: 4 }),
    );
    await expect(toyTrainer().train(chain(callbacks, failing), run)).rejects.toThrow('planted');
    const manifest = (await store.readManifest())!;
    expect(stepsOf(manifest.members)).toEqual([6]);
    expect([manifest.checkpoint?.step, manifest.completed]).toEqual([8, false]);
    const { model, schedule: recorded } = manifest;
    const next = await store.begin(
      { model: { ...model, topology: null }, plan, schedule: recorded },
      { existing: 'resume' },
    );
    await next.close();
  });

  it.each<[string, CyclePlan, string]>([
    [
      'a cycle of one step',
      equalCycles({ totalSteps: 5, cycles: 3 }),
      'Cycle 0 of the plan is 1 steps long, [0, 1)',
    ],
    [
      'another budget',
      equalCycles({ totalSteps: 30, cycles: 3 }),
      'The plan is for 30 steps, but training runs for 20.',
    ],
  ])('refuses %s', async (_, of, message) => {
    await expect(
      membersOf({}, { of }).catch((error: unknown) => {
        throw error;
      }),
    ).rejects.toThrow(message);
  });

  it('refuses a store that holds a run, unless asked', async () => {
    const store = createSnapshotStore(memoryBlobs());
    await toyTrainer().train(takeSnapshots(plan, store), run);
    await expect(toyTrainer().train(takeSnapshots(plan, store), run)).rejects.toMatchObject({
      code: 'exists',
    });
    await toyTrainer().train(takeSnapshots(plan, store, { existing: 'overwrite' }), run);
  });

  it('goes on after a failed save if somebody takes the error', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const planted = new Error('planted');
    const errors: unknown[] = [];
    let saves = 0;
    const failing: SnapshotStore = {
      ...store,
      async begin(...args) {
        const begun = await store.begin(...args);
        return Object.assign(Object.create(begun) as Run, {
          save: (...saved: Parameters<Run['save']>) =>
            (saves += 1) === 2 ? Promise.reject(planted) : begun.save(...saved),
        });
      },
    };
    await toyTrainer().train(
      takeSnapshots(plan, failing, { onSaveError: (error) => errors.push(error) }),
      run,
    );
    expect(errors).toEqual([planted]);
    expect(stepsOf((await store.readManifest())!.members)).toEqual([6, 20]);
  });
});
