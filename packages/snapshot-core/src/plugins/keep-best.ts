import { checkOptions } from '@snapshot-ensemble/options';
import type { TrainingCallback } from '../protocol.ts';
import type { ExistingRun, SnapshotStore } from '../snapshot-store.ts';
import { isBetter, metricOf, modeOf, type JudgedMetric } from './metric.ts';
import { runOfCallback } from './run-of-callback.ts';

/** By default the lowest `val_loss` is the best. */
export interface KeepBestOptions extends Partial<JudgedMetric> {
  /** What to do if the store already holds a run. Default `refuse`. */
  readonly existing?: ExistingRun;
}

const advice = ' Give the training validation data, or keepBest another metric.';

/**
 * Keeps the weights of the best epoch so far, as the one member of a store of their own. An epoch that was cut short is
 * not judged: a resumed run repeats it.
 */
export function keepBest(store: SnapshotStore, options: KeepBestOptions = {}): TrainingCallback {
  checkOptions('keepBest', options, { metric: true, mode: true, existing: true });
  const { metric = 'val_loss', existing = 'refuse' } = options;
  const mode = modeOf({ ...options, metric }, 'keepBest');
  const run = runOfCallback(store, existing);
  let best: number | undefined;
  return {
    name: 'keep-best',
    async onTrainBegin(at, trainer) {
      const { totalSteps } = at;
      const plan = { totalSteps, cycles: [{ index: 0, start: 0, end: totalSteps }] };
      const { manifest } = await run.begin(at, trainer, { plan, schedule: [] });
      // Without a state to restore, what the store holds of the steps so far is what there is to beat.
      best = manifest.members.findLast(({ step }) => step <= at.step)?.metrics[metric];
    },
    async onEpochEnd({ step, metrics, stepsPerEpoch, totalSteps }, trainer) {
      const updates = step + 1;
      if (updates % stepsPerEpoch !== 0 && updates !== totalSteps) return;
      const value = metricOf(metrics, metric, 'keepBest: an epoch', advice);
      if (best !== undefined && !isBetter(value, best, mode)) return;
      best = value;
      const member = { cycle: 0, step: updates, learningRate: Number.NaN, metrics };
      const current = run.current();
      const { id } = await current.save(member, trainer.readWeights());
      for (const other of current.manifest.members) {
        if (other.id !== id) await current.remove(other.id);
      }
    },
    onTrainEnd: ({ outcome }) => run.end(outcome === 'finished' ? 'completed' : 'incomplete'),
    // As text: JSON has no NaN and no infinities.
    saveState: () => ({ json: { best: best === undefined ? null : String(best) } }),
    restoreState({ json }) {
      const { best: saved } = json as { readonly best: string | null };
      best = saved === null ? undefined : Number(saved);
    },
  };
}
