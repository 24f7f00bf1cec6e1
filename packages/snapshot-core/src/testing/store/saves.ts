import { check, checkEqual, failureCode } from '../contract.ts';
import { fingerprint, tensorStream, weightsFrom } from '../tensors.ts';
import {
  broken,
  expected,
  finished,
  first,
  run,
  second,
  seen,
  seenOneByOne,
  specs,
  weights,
  type StoreCases,
} from './subject.ts';

/** What is saved, and comes back. */
export const saves: StoreCases = {
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
