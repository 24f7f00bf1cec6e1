import type { CyclePlan } from '@snapshot-ensemble/schedules';
import { expectTypeOf } from 'vitest';
import {
  keepBest,
  takeSnapshots,
  type KeepMembers,
  type SnapshotStore,
  type TrainingCallback,
} from './index.ts';

declare const plan: CyclePlan;
declare const store: SnapshotStore;

// Members are kept one way at a time.
expectTypeOf(takeSnapshots(plan, store, { keep: { last: 3 } })).toEqualTypeOf<TrainingCallback>();
takeSnapshots(plan, store, { keep: { best: 3, metric: 'val_loss' } });
takeSnapshots(plan, store, { keep: { best: 3, metric: 'score', mode: 'max' } });
// @ts-expect-error -- the best on what?
takeSnapshots(plan, store, { keep: { best: 3 } });
// @ts-expect-error -- the newest or the best
takeSnapshots(plan, store, { keep: { last: 3, best: 3, metric: 'val_loss' } });
// @ts-expect-error -- the newest are not judged
takeSnapshots(plan, store, { keep: { last: 3, metric: 'val_loss' } });
// @ts-expect-error -- there is no such mode
takeSnapshots(plan, store, { keep: { best: 3, metric: 'score', mode: 'high' } });
// @ts-expect-error -- how many?
takeSnapshots(plan, store, { keep: {} });

expectTypeOf<KeepMembers['last']>().toEqualTypeOf<number | undefined>();
expectTypeOf(keepBest(store, { mode: 'max' })).toEqualTypeOf<TrainingCallback>();
