import {
  type ExistingRun,
  saveCheckpoints,
  type SnapshotStore,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';
import { type AnyStore, asSnapshotStore } from './member-artifacts.ts';
import type { RunExtent } from './protocol-run.ts';
import type { TfjsTrainer } from './trainer.ts';

/** The `initialEpoch` with which `fit` continues from the store's checkpoint; 0 without a checkpoint. */
export async function resumeEpoch(store: AnyStore): Promise<number> {
  return (await asSnapshotStore(store).readCheckpoint())?.record.epoch ?? 0;
}

export interface FitCheckpointsOptions {
  readonly everyEpochs: number;
  readonly existing: ExistingRun;
}

/**
 * Checkpoints at the ends of epochs only, which are where `fit` can begin again. Refuses an optimizer whose state
 * tfjs cannot read before the first step.
 */
export function fitCheckpoints(
  store: SnapshotStore,
  run: RunExtent,
  trainer: TfjsTrainer,
  { everyEpochs, existing }: FitCheckpointsOptions,
): TrainingCallback {
  if (!(Number.isInteger(everyEpochs) && everyEpochs > 0)) {
    throw new RangeError(
      `checkpointEveryEpochs: got ${everyEpochs}; it must be a positive integer.`,
    );
  }
  trainer.checkResumable();
  const { stepsPerEpoch, firstEpoch } = run;
  const checkpoints = saveCheckpoints(store, {
    everySteps: everyEpochs * stepsPerEpoch,
    existing,
    resumesAt: 'epoch',
  });
  return {
    ...checkpoints,
    async onTrainBegin(progress, trained) {
      const isResumed = existing === 'resume' || existing === 'resume-or-start';
      const saved = isResumed ? (await store.readCheckpoint())?.record.epoch : undefined;
      if (saved !== undefined && saved !== firstEpoch) throw wrongEpoch(firstEpoch, saved);
      await checkpoints.onTrainBegin?.(progress, trained);
    },
  };
}

function wrongEpoch(began: number, saved: number): TfjsAdapterError {
  return new TfjsAdapterError(
    'resume',
    `Cannot resume: this fit begins at epoch ${began}, but the store's newest checkpoint is of the beginning of epoch ${saved}. ` +
      'Pass initialEpoch: await resumeEpoch(store) to fit.',
  );
}
