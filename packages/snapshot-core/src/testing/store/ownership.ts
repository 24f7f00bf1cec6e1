import type { Run } from '../../snapshot-store.ts';
import { check, checkEqual, failureCode } from '../contract.ts';
import { expected, first, run, second, seen, weights, type StoreCases } from './subject.ts';

/** Who may write: one run at a time, whoever asks. */
export const ownership: StoreCases = {
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
};
