import type { KnownOptions } from '@snapshot-ensemble/options';
import { keepBest, type KeepBestOptions } from '@snapshot-ensemble/snapshot-core';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';

import { checkTf } from './check-tf.ts';
import { type AnyStore, asSnapshotStore } from './member-artifacts.ts';
import {
  checkEnsembleOptions,
  knownEnsembleOptions,
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
  storePath,
} from './snapshot-ensemble-callback.ts';
import type { Tf, TfjsCallback } from './tf.ts';
import { tfjsCallbackOf } from './to-tfjs-callback.ts';

export type GenerateSnapshotCallbacksOptions = SnapshotEnsembleOptions & {
  /** Where the best weights go. Default: beside the snapshots, `Ensemble-Best`. */
  readonly bestStore?: AnyStore;
  /** What makes weights the best. Default the lowest `val_loss`. */
  readonly best?: Omit<KeepBestOptions, 'existing'>;
};

const known: KnownOptions<GenerateSnapshotCallbacksOptions> = {
  ...{ bestStore: true, best: true },
  ...knownEnsembleOptions,
};

/**
 * Returns the two callbacks that `GenerateSnapshotCallbacks` of the Python library gives: the snapshots, and the best
 * weights on validation loss. The best are in a store of their own: they are no member of the ensemble.
 */
export function generateSnapshotCallbacks(
  tf: Tf,
  options: GenerateSnapshotCallbacksOptions = {},
): [snapshots: TfjsCallback, best: TfjsCallback] {
  checkTf('generateSnapshotCallbacks', tf);
  checkEnsembleOptions('generateSnapshotCallbacks', options, known);
  const { store, bestStore, best: bestOptions, ...snapshots } = options;
  const { existing = 'refuse' } = options;
  if (store && !bestStore) {
    throw new TypeError('generateSnapshotCallbacks: with a store, pass bestStore as well.');
  }
  const kept = bestStore ? asSnapshotStore(bestStore) : defaultStore(`${storePath(options)}-Best`);
  const callback = keepBest(kept, { ...bestOptions, existing });
  const best = tfjsCallbackOf(tf, () => callback, options);
  const given = { ...snapshots, ...(store && { store }) } as SnapshotEnsembleOptions;
  return [snapshotEnsembleCallback(tf, given), best];
}
