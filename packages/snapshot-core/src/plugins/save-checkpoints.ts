import type { Progress, Trainer, TrainingCallback } from '../protocol.ts';
import type { ExistingRun, SnapshotStore } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import type { NamedTensor } from '../tensor.ts';
import { handledBy } from './handled-by.ts';

export interface SaveCheckpointsOptions {
  /** Steps between two checkpoints. Default one epoch. */
  readonly everySteps?: number;
  /** What to do if the store holds a run already. Default `refuse`. */
  readonly existing?: ExistingRun;
  /**
   * Takes the error of a save that failed, a full disk say; the training then goes on, and the checkpoint before
   * stays the newest. Left out, such an error ends the training.
   */
  readonly onSaveError?: (error: unknown) => void;
}

/** The step at which a resumed training begins: what adapters take as `firstStep`; 0 without a checkpoint. */
export async function resumeStep(store: SnapshotStore): Promise<number> {
  return (await store.readCheckpoint())?.record.step ?? 0;
}

/**
 * Saves model and optimizer now and then and when the training ends, and restores them when it begins at a
 * later step than 0. A checkpoint is taken before the next step begins, when every callback is done with the
 * step before, so a resumed run has seen all that the checkpoint stands for.
 */
export function saveCheckpoints(
  store: SnapshotStore,
  { everySteps, existing = 'refuse', onSaveError }: SaveCheckpointsOptions = {},
): TrainingCallback {
  if (everySteps !== undefined && !(Number.isSafeInteger(everySteps) && everySteps > 0)) {
    throw new RangeError(
      `saveCheckpoints: everySteps is ${everySteps}; expected a whole number above 0.`,
    );
  }
  const user = 'save-checkpoints';
  let savedAt = 0;

  const save = async ({ step, epoch }: Progress, trainer: Trainer): Promise<void> => {
    savedAt = step;
    const optimizer = trainer.readOptimizer?.() ?? nothing();
    await handledBy(onSaveError, () =>
      store.saveCheckpoint({ step, epoch }, trainer.readWeights(), optimizer),
    );
  };

  return {
    name: user,
    async onTrainBegin(run, trainer) {
      const { totalSteps, step } = run;
      const plan = { totalSteps, cycles: [{ index: 0, start: 0, end: totalSteps }] };
      const { model } = trainer;
      await store.begin({ model, plan, schedule: [], isPlanProvisional: true }, existing, user);
      await restore(store, trainer, step);
      savedAt = step;
    },
    onStepBegin(progress, trainer) {
      const { step, stepsPerEpoch } = progress;
      if (step % (everySteps ?? stepsPerEpoch) !== 0 || step === savedAt) return undefined;
      return save(progress, trainer);
    },
    async onTrainEnd(result, trainer) {
      if (result.step !== savedAt) await save(result, trainer);
      await handledBy(onSaveError, () => store.end(result.step >= result.totalSteps, user));
    },
  };
}

async function restore(store: SnapshotStore, trainer: Trainer, step: number): Promise<void> {
  const checkpoint = await store.readCheckpoint();
  const savedStep = checkpoint?.record.step ?? 0;
  if (savedStep !== step) {
    throw new StoreError(
      'mismatch',
      `The training begins at step ${step}, but the store's newest checkpoint is of step ${savedStep}. ` +
        `Begin at step ${savedStep}: firstStep: await resumeStep(store).`,
    );
  }
  if (checkpoint === undefined) return;
  await trainer.writeWeights(checkpoint.weights());
  if (trainer.writeOptimizer !== undefined) {
    await trainer.writeOptimizer(checkpoint.optimizer());
    return;
  }
  for await (const { name } of checkpoint.optimizer()) {
    throw new StoreError(
      'mismatch',
      `The checkpoint holds optimizer state ("${name}", …), but this trainer has no writeOptimizer to take it.`,
    );
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous for its reader's sake
async function* nothing(): AsyncGenerator<NamedTensor> {
  yield* [];
}
