import type { Run, RunDescription } from '../../snapshot-store.ts';
import { check, checkEqual, failureCode } from '../contract.ts';
import { weightsFrom } from '../tensors.ts';
import {
  expected,
  finished,
  first,
  run,
  second,
  seen,
  specs,
  weights,
  type StoreCases,
} from './subject.ts';

/** How runs begin, go on, end and are replaced. */
export const runs: StoreCases = {
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
};
