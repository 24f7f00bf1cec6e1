import type { TrainingCallback } from '../protocol.ts';
import type { ExistingRun, SnapshotStore } from '../snapshot-store.ts';
import { isBetter, metricOf, usualMode, type MetricMode } from './metric.ts';

export interface KeepBestOptions {
  /** A metric of an epoch. Default `val_loss`. */
  readonly metric?: string;
  /** Which values are good ones. Default `'min'`; `'max'` for metrics with `acc` in their name. */
  readonly mode?: MetricMode;
  /** What to do if the store holds a run already. Default `refuse`. */
  readonly existing?: ExistingRun;
}

const advice = ' Give the training validation data, or keepBest another metric.';

/** Keeps the weights of the best epoch so far, as the one member of a store of their own. */
export function keepBest(store: SnapshotStore, options: KeepBestOptions = {}): TrainingCallback {
  const { metric = 'val_loss', existing = 'refuse' } = options;
  const { mode = usualMode(metric) } = options;
  const user = 'keep-best';
  let best: number | undefined;
  return {
    name: user,
    async onTrainBegin({ totalSteps }, { model }) {
      const plan = { totalSteps, cycles: [{ index: 0, start: 0, end: totalSteps }] };
      const { members } = await store.begin({ model, plan, schedule: [] }, existing, user);
      best = members.at(-1)?.metrics[metric];
    },
    async onEpochEnd({ step, metrics }, trainer) {
      const value = metricOf(metrics, metric, 'keepBest: an epoch', advice);
      if (best !== undefined && !isBetter(value, best, mode)) return;
      best = value;
      const member = { cycle: 0, step: step + 1, learningRate: Number.NaN, metrics };
      const { id } = await store.saveMember(member, trainer.readWeights());
      const members = (await store.readManifest())?.members ?? [];
      for (const other of members) if (other.id !== id) await store.removeMember(other.id);
    },
    onTrainEnd: ({ stopped }) => store.end(!stopped, user),
  };
}
