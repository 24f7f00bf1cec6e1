import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import {
  chain,
  type ExistingRun,
  followSchedule,
  type SnapshotPoints,
  type SnapshotStore,
  takeSnapshots,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';

import { announceSnapshots } from './announce.ts';
import { checkTf } from './check-tf.ts';
import { fitCheckpoints } from './fit-checkpoints.ts';
import { type AnyStore, asSnapshotStore } from './member-artifacts.ts';
import { checkPlanOptions, planRun, type PlanOptions } from './plan-options.ts';
import type { Tf, TfjsCallback } from './tf.ts';
import { knownFitOptions, tfjsCallbackOf, type ToTfjsCallbackOptions } from './to-tfjs-callback.ts';

/** Where snapshots go, in the words of the Python library `snapshot-ensemble`. */
export interface EnsembleOptions {
  /** How many of the newest snapshots to keep. Default all. */
  readonly numSnapshots?: number;
  /** Folder in Node, IndexedDB database in a browser. Default `Ensemble/`. */
  readonly dirpath?: string;
  /** Keeps the runs of several models apart in one `dirpath`. Default none. */
  readonly modelPrefix?: string;
}

export type SnapshotEnsembleOptions = PlanOptions &
  ToTfjsCallbackOptions & {
    /** `false` follows the schedule and saves nothing. Default true. */
    readonly ensemble?: boolean;
    readonly ensembleOptions?: EnsembleOptions;
    /** Where snapshots go instead of `ensembleOptions.dirpath`: a snapshot store, blobs to put one on, or the name of a default store. */
    readonly store?: AnyStore;
    /** What to do if the store already holds a run. Default `refuse`. */
    readonly existing?: ExistingRun;
    /** Saves a checkpoint each time this many epochs are done, with the state of `callbacks`, to resume from. Default never. */
    readonly checkpointEveryEpochs?: number;
    /** When to take snapshots. Default: after the last update of each cycle. */
    readonly snapshotsAt?: SnapshotPoints;
    /** 1 or 2 writes a line to the console for every snapshot, as `verbose` of `fit` does for epochs. Default 0. */
    readonly verbose?: 0 | 1 | 2;
    /** Protocol callbacks to run as well, after the schedule and the snapshots. Default none. */
    readonly callbacks?: readonly TrainingCallback[];
  };

/** Every option, those of `toTfjsCallback` among them. */
export const knownEnsembleOptions: KnownOptions<SnapshotEnsembleOptions> = {
  ...{ cycles: true, cycleLength: true, cycleLengthMultiplier: true },
  ...{ lrInit: true, lrMin: true, lrMultiplier: true, curve: true, planOf: true },
  ...{ ensemble: true, ensembleOptions: true, store: true, existing: true },
  ...{ checkpointEveryEpochs: true, snapshotsAt: true, callbacks: true, verbose: true },
  ...knownFitOptions,
};
const knownStoreOptions: KnownOptions<EnsembleOptions> = {
  ...{ numSnapshots: true, dirpath: true, modelPrefix: true },
};

/**
 * Returns the `tf.Callback` that turns any `fit` or `fitDataset` into a snapshot ensemble: it anneals the learning rate
 * cycle by cycle, step by step, and saves the weights after the last update of each cycle, before the restart. Give it
 * as the one callback, or in an array whose other entries are `tf.Callback`s as well; `tfjsCallbacks` puts plain
 * objects beside it, and `fit` rejects an array that mixes them without, before the first step.
 */
export function snapshotEnsembleCallback(
  tf: Tf,
  options: SnapshotEnsembleOptions = {},
): TfjsCallback {
  checkTf('snapshotEnsembleCallback', tf);
  checkEnsembleOptions('snapshotEnsembleCallback', options, knownEnsembleOptions);
  const { ensemble = true, existing = 'refuse', snapshotsAt, callbacks = [] } = options;
  const { verbose = 0 } = options;
  const { checkpointEveryEpochs: everyEpochs } = options;
  const store = storeOf(options);
  const numSnapshots = numSnapshotsOf(options);
  return tfjsCallbackOf(
    tf,
    (run, trainer) => {
      const { plan, schedule } = planRun(options, run, trainer.initialLearningRate);
      const snapshots = takeSnapshots(plan, store, {
        schedule,
        existing,
        ...(snapshotsAt && { at: snapshotsAt }),
        ...(numSnapshots !== undefined && { keep: { last: numSnapshots } }),
      });
      const checkpoints =
        everyEpochs !== undefined && fitCheckpoints(store, run, trainer, { everyEpochs, existing });
      return chain(
        followSchedule(schedule),
        ...(ensemble ? [snapshots] : []),
        // Asked for by `verbose`, as in `fit`.
        // eslint-disable-next-line no-console, no-restricted-globals
        ...(ensemble && verbose > 0 ? [announceSnapshots(plan, store, console.log)] : []),
        ...(checkpoints ? [checkpoints] : []),
        ...callbacks,
      );
    },
    options,
  );
}

function storeOf(options: SnapshotEnsembleOptions): SnapshotStore {
  return options.store ? asSnapshotStore(options.store) : defaultStore(storePath(options));
}

/** Name of the default store: `dirpath`, and `modelPrefix` in it. */
export function storePath({ ensembleOptions = {} }: SnapshotEnsembleOptions): string {
  const { dirpath = 'Ensemble/', modelPrefix } = ensembleOptions;
  const folder = dirpath.replace(/\/+$/, '');
  return modelPrefix === undefined ? folder : `${folder}/${modelPrefix}`;
}

/** Refuses options that do not exist, or not where they stand, and plans that cannot be both. */
export function checkEnsembleOptions<T extends SnapshotEnsembleOptions>(
  where: string,
  options: T,
  known: KnownOptions<T>,
): void {
  for (const name of Object.keys(knownStoreOptions)) {
    if (!(name in options)) continue;
    throw new RangeError(`${where}: "${name}" belongs in ensembleOptions: { ${name}: … }.`);
  }
  checkOptions(where, options, known);
  checkOptions(`${where}, ensembleOptions`, options.ensembleOptions, knownStoreOptions);
  checkPlanOptions(where, options);
}

/** How many of the newest snapshots to keep; undefined for all. */
function numSnapshotsOf({ ensembleOptions = {} }: SnapshotEnsembleOptions): number | undefined {
  const { numSnapshots } = ensembleOptions;
  if (numSnapshots === undefined || (Number.isInteger(numSnapshots) && numSnapshots > 0)) {
    return numSnapshots;
  }
  throw new RangeError(`numSnapshots: got ${numSnapshots}; it must be a positive integer.`);
}
