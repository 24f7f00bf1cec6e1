import type { Run, RunDescription, SnapshotStore } from '../snapshot-store.ts';
import type { NamedTensor } from '../tensor.ts';
import { check, checkEqual, failureCode, type ContractCase } from './contract.ts';
import { everyDtype, fingerprint, readTensors, tensorStream, weightsFrom } from './tensors.ts';

/** Opens a store on the data at hand; every call returns a new object on the same data. */
export type OpenStore = () => SnapshotStore;

const specs = everyDtype();
const run: RunDescription = {
  model: { format: 'test', topology: { layers: ['a', 'b'] }, weights: specs },
  plan: {
    totalSteps: 7,
    cycles: [
      { index: 0, start: 0, end: 3 },
      { index: 1, start: 3, end: 7 },
    ],
  },
  schedule: [
    { start: 0, end: 3, lrMax: 0.1, lrEnd: 0.01 },
    { start: 3, end: 7, lrMax: 0.1, lrEnd: 0.01 },
  ],
};
const first = { cycle: 0, step: 3, learningRate: 0.01, metrics: { loss: 1.5, acc: 0.25 } };
const second = { cycle: 1, step: 7, learningRate: 0.02, metrics: { loss: Number.NaN } };

const weights = (seed: number): AsyncIterable<NamedTensor> =>
  tensorStream(weightsFrom(specs, seed));
const seen = async (tensors: AsyncIterable<NamedTensor>): Promise<string> =>
  fingerprint(await readTensors(tensors));
/** Looks at each tensor before it asks for the next. */
const seenOneByOne = async (tensors: AsyncIterable<NamedTensor>): Promise<string> => {
  const lines: string[] = [];
  for await (const tensor of tensors) lines.push(fingerprint([tensor]));
  return lines.join('\n');
};
const expected = (seed: number): string => fingerprint(weightsFrom(specs, seed));

async function* broken(): AsyncGenerator<NamedTensor> {
  for await (const tensor of weights(9)) {
    if (tensor.dtype === 'int64') throw new Error('the device was lost');
    yield tensor;
  }
}

/** Begins a run and saves both members. */
async function finished(open: OpenStore): Promise<SnapshotStore> {
  const store = open();
  const begun = await store.begin(run);
  await begun.save(first, weights(1));
  await begun.save(second, weights(2));
  await begun.end();
  return store;
}

const cases: Readonly<Record<string, (open: OpenStore) => Promise<void>>> = {
  async 'is empty at first'(open) {
    checkEqual(await open().readManifest(), undefined, 'the manifest');
    checkEqual(await open().readCheckpoint(), undefined, 'the checkpoint');
    checkEqual(
      await failureCode(() => open().readModel(), 'reading no model'),
      'not-found',
      'the code',
    );
  },
  async 'tells everyone what run was begun'(open) {
    // Whole tensors where their specs are asked for: what is noted is the specs.
    const begun = await open().begin({
      ...run,
      model: { ...run.model, weights: weightsFrom(specs, 1) },
    });
    const manifest = await open().readManifest();
    checkEqual(begun.manifest.run, manifest?.run, 'the id of the run');
    checkEqual(manifest?.plan, run.plan, 'the plan');
    checkEqual(manifest?.schedule, run.schedule, 'the schedule');
    checkEqual(manifest?.members, [], 'the list of members');
    checkEqual(manifest?.completed, false, 'completed');
    checkEqual(
      await open().readModel(),
      { format: 'test', weights: specs, topology: run.model.topology },
      'the model',
    );
  },
  async 'returns members bit by bit'(open) {
    await finished(open);
    const { members = [] } = (await open().readManifest()) ?? {};
    for (const [index, { id }] of members.entries()) {
      check(
        (await seen(open().readMember(id))) === expected(index + 1),
        `member ${id} came back changed.`,
      );
      const oneByOne = open().readMember(id, { reuseData: true });
      check(
        (await seenOneByOne(oneByOne)) === expected(index + 1),
        `member ${id} came back changed where tensors may share memory.`,
      );
    }
    checkEqual(members.length, 2, 'the number of members');
  },
  async 'notes what a member is, numbers that JSON lacks included'(open) {
    await finished(open);
    const { members = [], completed } = (await open().readManifest()) ?? {};
    const noted = members.map(({ cycle, step, learningRate, metrics }) => ({
      cycle,
      step,
      learningRate,
      metrics,
    }));
    checkEqual(noted.length, 2, 'the number of members');
    checkEqual(noted[0], first, 'the first member');
    check(Number.isNaN(noted[1]?.metrics['loss']), 'a metric that is NaN came back as a number.');
    checkEqual(completed, true, 'completed');
    for (const { sha256, bytes } of members) {
      check(/^[0-9a-f]{64}$/.test(sha256) && bytes > 0, 'a member has no checksum or no size.');
    }
  },
  async 'keeps one member a step: the later one'(open) {
    const begun = await open().begin(run);
    const before = await begun.save(first, weights(1));
    const after = await begun.save({ ...first, learningRate: 0.5 }, weights(3));
    const { members = [] } = (await open().readManifest()) ?? {};
    checkEqual(
      members.map(({ id }) => id),
      [after.id],
      'the list of members',
    );
    check(
      (await seen(open().readMember(after.id))) === expected(3),
      'the later member is not its own.',
    );
    check(before.id !== after.id, 'two members share an id.');
  },
  async 'lists members by step, whatever the order of saving'(open) {
    const begun = await open().begin(run);
    await begun.save(second, weights(2));
    await begun.save(first, weights(1));
    const { members = [] } = (await open().readManifest()) ?? {};
    checkEqual(
      members.map(({ step }) => step),
      [3, 7],
      'the steps',
    );
  },
  async 'takes members out'(open) {
    const begun = await open().begin(run);
    const { id } = await begun.save(first, weights(1));
    await begun.save(second, weights(2));
    await begun.remove(id);
    await begun.remove(id);
    const { members = [] } = (await open().readManifest()) ?? {};
    checkEqual(
      members.map(({ step }) => step),
      [7],
      'the steps',
    );
    checkEqual(
      await failureCode(() => seen(open().readMember(id)), 'reading it'),
      'not-found',
      'the code',
    );
  },
  async 'keeps the newest checkpoint: model, optimizer and callbacks'(open) {
    const begun = await open().begin(run);
    const state = weightsFrom([{ name: 'iter', dtype: 'int32', shape: [] }, ...specs], 7);
    const tensors = weightsFrom(specs, 8);
    const callbacks = { json: { 'a callback': { count: 3, best: 'NaN' } }, tensors };
    await begun.saveCheckpoint({ step: 2, epoch: 0 }, { weights: weights(1) });
    await begun.saveCheckpoint(
      { step: 5, epoch: 1 },
      { weights: weights(4), optimizer: tensorStream(state), callbacks },
    );
    const checkpoint = await open().readCheckpoint();
    check(checkpoint !== undefined, 'there is no checkpoint.');
    checkEqual(
      [checkpoint.record.step, checkpoint.record.epoch],
      [5, 1],
      'where the checkpoint is',
    );
    for (const round of [1, 2]) {
      check(
        (await seen(checkpoint.weights())) === expected(4),
        `the weights changed (reading ${round}).`,
      );
      check(
        (await seen(checkpoint.optimizer())) === fingerprint(state),
        `the optimizer changed (reading ${round}).`,
      );
      const { json, tensors: read = [] } = await checkpoint.callbacks();
      checkEqual(json, callbacks.json, "the callbacks' JSON");
      check(
        fingerprint(read) === fingerprint(tensors),
        `the callbacks' tensors changed (reading ${round}).`,
      );
    }
  },
  async 'refuses to save in a run that is closed'(open) {
    const saves = (closed: Run): readonly (() => Promise<unknown>)[] => [
      () => closed.save(first, weights(1)),
      () => closed.saveCheckpoint({ step: 1, epoch: 0 }, { weights: weights(1) }),
      () => closed.remove('step'),
      () => closed.end(),
    ];
    const closed = await open().begin(run);
    await closed.close();
    const ended = await open().begin(run, { existing: 'resume' });
    await ended.end();
    for (const save of [...saves(closed), ...saves(ended)]) {
      checkEqual(await failureCode(save, 'saving outside a run'), 'not-begun', 'the code');
    }
    await closed.close();
    await closed[Symbol.asyncDispose]();
    checkEqual((await open().readManifest())?.completed, true, 'completed');
  },
  async 'refuses an existing run unless asked'(open) {
    await finished(open);
    checkEqual(await failureCode(() => open().begin(run), 'a second run'), 'exists', 'the code');
    checkEqual((await open().readManifest())?.members.length, 2, 'the number of members');
  },
  async 'resumes a run'(open) {
    await finished(open);
    for (const existing of ['resume', 'resume-or-start'] as const) {
      const begun = await open().begin(run, { existing });
      checkEqual(
        begun.manifest.members.map(({ step }) => step),
        [3, 7],
        'the steps',
      );
      checkEqual(begun.manifest.completed, false, 'completed');
      await begun.save(second, weights(5));
      const { members = [] } = (await open().readManifest()) ?? {};
      check(
        (await seen(open().readMember(members[0]!.id))) === expected(1),
        'an earlier member changed.',
      );
      check(
        (await seen(open().readMember(members[1]!.id))) === expected(5),
        'the new member is not its own.',
      );
      await begun.close();
    }
  },
  async 'resumes nothing where there is nothing, and starts if it may'(open) {
    const code = await failureCode(
      () => open().begin(run, { existing: 'resume' }),
      'resuming nothing',
    );
    checkEqual(code, 'nothing-to-resume', 'the code');
    checkEqual(await open().readManifest(), undefined, 'the manifest');
    await open().begin(run, { existing: 'resume-or-start' });
    checkEqual((await open().readManifest())?.members, [], 'the list of members');
  },
  async 'refuses to resume with another model or plan'(open) {
    await finished(open);
    const { model, plan } = run;
    const others: readonly RunDescription[] = [
      { ...run, model: { ...model, format: 'other' } },
      { ...run, model: { ...model, weights: specs.slice(1) } },
      {
        ...run,
        model: { ...model, weights: specs.map((spec) => ({ ...spec, shape: [...spec.shape, 1] })) },
      },
      { ...run, plan: { totalSteps: 7, cycles: [{ index: 0, start: 0, end: 7 }] } },
      { ...run, plan: { totalSteps: 8, cycles: [{ index: 0, start: 0, end: 8 }] } },
    ];
    for (const other of others) {
      checkEqual(
        await failureCode(
          () => open().begin(other, { existing: 'resume' }),
          'resuming another run',
        ),
        'mismatch',
        'the code',
      );
    }
    checkEqual(plan, (await open().readManifest())?.plan, 'the plan');
  },
  async 'removes the run before it when asked to overwrite'(open) {
    await finished(open);
    const [before] = (await open().readManifest())?.members ?? [];
    await open().begin(run, { existing: 'overwrite' });
    checkEqual((await open().readManifest())?.members, [], 'the list of members');
    checkEqual(
      await failureCode(() => seen(open().readMember(before!.id)), 'reading the old'),
      'not-found',
      'the code',
    );
  },
  async 'refuses a second writer and says who holds the store'(open) {
    const begun = await open().begin(run);
    for (const existing of ['refuse', 'resume', 'resume-or-start', 'overwrite'] as const) {
      checkEqual(
        await failureCode(() => open().begin(run, { existing }), 'a second writer'),
        'locked',
        'the code',
      );
    }
    await begun.save(first, weights(1));
    await begun.close();
    const next = await open().begin(run, { existing: 'resume' });
    await next.save(second, weights(2));
    checkEqual((await open().readManifest())?.members.length, 2, 'the number of members');
  },
  async 'lets one of two that begin at once have it'(open) {
    const store = open();
    const results = await Promise.allSettled([
      store.begin(run),
      store.begin(run),
      open().begin(run),
    ]);
    const codes = results.map((result) =>
      result.status === 'fulfilled' ? 'begun' : (result.reason as { readonly code?: unknown }).code,
    );
    checkEqual(codes.toSorted(), ['begun', 'locked', 'locked'], 'the outcomes');
  },
  async 'is shared by the callbacks of one training, in any order'(open) {
    const store = open();
    const stand = { totalSteps: 7, cycles: [{ index: 0, start: 0, end: 7 }] };
    const training = {};
    const a = await store.begin(
      { ...run, plan: stand, schedule: [], isPlanProvisional: true },
      { training },
    );
    const b = await store.begin(run, { training });
    await a.end();
    await b.save(first, weights(1));
    await b.end();
    const manifest = await open().readManifest();
    checkEqual([manifest?.plan, manifest?.schedule], [run.plan, run.schedule], 'plan and schedule');
    await open().begin(run, { existing: 'resume' });
  },
  async 'takes over what a training of this process left, and nothing else'(open) {
    let isTraining = true;
    const left = { isTraining: () => isTraining };
    const old = await open().begin(run, { training: left });
    await old.save(first, weights(1));
    const next = (): Promise<Run> => open().begin(run, { existing: 'resume', training: {} });
    checkEqual(await failureCode(next, 'a run beside one that goes on'), 'locked', 'the code');
    isTraining = false;
    const begun = await next();
    await begun.save(second, weights(2));
    checkEqual(
      await failureCode(() => old.save(first, weights(3)), 'saving in a run that was taken over'),
      'lock-lost',
      'the code',
    );
    await old.close();
    await begun.save(first, weights(4));
    const { members = [] } = (await open().readManifest()) ?? {};
    check((await seen(open().readMember(members[0]!.id))) === expected(4), 'a member is lost.');
  },
  async 'starts anew when the same training or caller begins again'(open) {
    const store = open();
    const training = {};
    const old = await store.begin(run, { training });
    await old.save(first, weights(1));
    const again = await failureCode(() => store.begin(run, { training }), 'a second run');
    checkEqual(again, 'exists', 'the code');
    const resumed = await store.begin(run, { existing: 'resume', training });
    const shared = await store.begin(run, { training });
    await resumed.save(second, weights(2));
    const replaced = await store.begin(run, { existing: 'resume', replacing: resumed });
    checkEqual(
      await failureCode(() => shared.save(first, weights(1)), 'saving in a run that was replaced'),
      'lock-lost',
      'the code',
    );
    await replaced.close();
    await open().begin(run, { existing: 'resume' });
  },
  async 'keeps what it has when the weights break off or do not fit'(open) {
    const begun = await open().begin(run);
    await begun.save(first, weights(1));
    const wrong = weightsFrom(
      specs.map((spec) => ({ ...spec, shape: [2, 2] })),
      1,
    );
    for (const bad of [
      broken(),
      tensorStream(wrong),
      tensorStream(weightsFrom(specs.slice(1), 1)),
      tensorStream([]),
    ]) {
      await failureCode(() => begun.save(second, bad), 'saving broken weights');
      await failureCode(
        () => begun.saveCheckpoint({ step: 4, epoch: 0 }, { weights: bad }),
        'a broken checkpoint',
      );
    }
    checkEqual((await open().readManifest())?.members.length, 1, 'the number of members');
    checkEqual(await open().readCheckpoint(), undefined, 'the checkpoint');
    const { id } = await begun.save(second, weights(2));
    check((await seen(open().readMember(id))) === expected(2), 'the next member is not its own.');
  },
  async 'saves side by side without losing either'(open) {
    const begun = await open().begin(run);
    await Promise.all([
      begun.save(first, weights(1)),
      begun.save(second, weights(2)),
      begun.saveCheckpoint({ step: 7, epoch: 1 }, { weights: weights(3) }),
    ]);
    const manifest = await open().readManifest();
    checkEqual(
      manifest?.members.map(({ step }) => step),
      [3, 7],
      'the steps',
    );
    checkEqual(manifest?.checkpoint?.step, 7, 'the step of the checkpoint');
  },
};

/**
 * What every snapshot store must do. `makeStore` returns an opener on new, empty data; each case takes one.
 * Hand the cases to any test runner: `for (const { name, run } of storeContract(make)) it(name, run)`.
 */
export function storeContract(
  makeStore: () => OpenStore | Promise<OpenStore>,
): readonly ContractCase[] {
  return Object.entries(cases).map(([name, body]) => ({
    name,
    run: async () => {
      await body(await makeStore());
    },
  }));
}
