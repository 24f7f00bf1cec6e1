import { checkOptions } from '@snapshot-ensemble/options';
import type { Progress, TrainBegin, Trainer, TrainingCallback } from '../protocol.ts';
import type { CheckpointContent, ExistingRun, SnapshotStore } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { handledBy } from './handled-by.ts';
import { runOfCallback } from './run-of-callback.ts';

export interface SaveCheckpointsOptions {
  /** Steps between two checkpoints. Default one epoch. */
  readonly everySteps?: number;
  /** What to do if the store already holds a run. Default `refuse`. */
  readonly existing?: ExistingRun;
  /**
   * Where a run can resume: before any step, or only at the start of an epoch. A run that is stopped elsewhere keeps
   * its previous checkpoint as the newest. Default `step`.
   */
  readonly resumesAt?: 'step' | 'epoch';
  /**
   * Takes the error of a save that failed, such as a full disk; training then continues, and the previous checkpoint
   * stays the newest. Without it, such an error ends training.
   */
  readonly onSaveError?: (error: unknown) => void;
}

/** The step at which a resumed run begins: what adapters take as `firstStep`; 0 without a checkpoint. */
export async function resumeStep(store: SnapshotStore): Promise<number> {
  return (await store.readCheckpoint())?.record.step ?? 0;
}

/**
 * Saves model, optimizer and the state of all callbacks of its `chain` at intervals and when training ends, and
 * restores them when training begins after step 0. A checkpoint is taken before the next step begins, when every
 * callback is done with the step before, so a resumed run has seen all that the checkpoint stands for.
 */
export function saveCheckpoints(
  store: SnapshotStore,
  options: SaveCheckpointsOptions = {},
): TrainingCallback {
  checkOptions('saveCheckpoints', options, {
    ...{ everySteps: true, existing: true, resumesAt: true, onSaveError: true },
  });
  const { everySteps, existing = 'refuse', resumesAt = 'step', onSaveError } = options;
  if (everySteps !== undefined && !(Number.isSafeInteger(everySteps) && everySteps > 0)) {
    throw new RangeError(
      `saveCheckpoints: everySteps is ${everySteps}; expected a whole number above 0.`,
    );
  }
  const run = runOfCallback(store, existing);
  let savedAt = 0;
  let chain: TrainingCallback | undefined;

  const save = async ({ step, stepsPerEpoch }: Progress, trainer: Trainer): Promise<void> => {
    savedAt = step;
    const current = run.current();
    await handledBy(onSaveError, async () => {
      const callbacks = await chain?.saveState?.();
      const content: CheckpointContent = {
        weights: trainer.readWeights(),
        ...(trainer.readOptimizer && { optimizer: trainer.readOptimizer() }),
        ...(callbacks && { callbacks }),
      };
      await current.saveCheckpoint({ step, epoch: Math.floor(step / stepsPerEpoch) }, content);
    });
  };

  return {
    name: 'save-checkpoints',
    endsFirst: true,
    async onTrainBegin(at, trainer) {
      const { totalSteps, step } = at;
      ({ chain } = at);
      const plan = { totalSteps, cycles: [{ index: 0, start: 0, end: totalSteps }] };
      await run.begin(at, trainer, { plan, schedule: [], isPlanProvisional: true });
      await restore(store, at, trainer);
      savedAt = step;
    },
    onStepBegin(progress, trainer) {
      const { step, stepsPerEpoch } = progress;
      if (step % (everySteps ?? stepsPerEpoch) !== 0 || step === savedAt) return undefined;
      if (resumesAt === 'epoch' && step % stepsPerEpoch !== 0) return undefined;
      return save(progress, trainer);
    },
    async onTrainEnd(result, trainer) {
      const { step, totalSteps, stepsPerEpoch, outcome } = result;
      if (outcome === 'failed') {
        await run.end('incomplete');
        return;
      }
      const canResume = resumesAt === 'step' || step % stepsPerEpoch === 0;
      if (canResume && step !== savedAt) await save(result, trainer);
      await handledBy(onSaveError, () => run.end(step >= totalSteps ? 'completed' : 'incomplete'));
    },
  };
}

async function restore(
  store: SnapshotStore,
  { step, chain }: TrainBegin,
  trainer: Trainer,
): Promise<void> {
  const checkpoint = await store.readCheckpoint();
  const savedStep = checkpoint?.record.step ?? 0;
  if (savedStep !== step) {
    throw new StoreError(
      'mismatch',
      `Training begins at step ${step}, but the store's newest checkpoint is of step ${savedStep}. ` +
        `Begin at step ${savedStep}: firstStep: await resumeStep(store).`,
    );
  }
  if (checkpoint === undefined) return;
  // The optimizer first: a trainer that refuses another one's state has then changed nothing.
  await restoreOptimizer(trainer, checkpoint.optimizer());
  await trainer.writeWeights(checkpoint.weights());
  const state = await checkpoint.callbacks();
  if (chain?.restoreState !== undefined) await chain.restoreState(state);
  else refuseLost(Object.keys(state.json as object)[0], 'state of the callback', 'chain');
}

async function restoreOptimizer(
  trainer: Trainer,
  state: ReturnType<NonNullable<Trainer['readOptimizer']>>,
): Promise<void> {
  if (trainer.writeOptimizer !== undefined) return trainer.writeOptimizer(state);
  for await (const { name } of state) {
    refuseLost(name, 'optimizer state', 'writeOptimizer of the trainer');
  }
  return undefined;
}

function refuseLost(name: string | undefined, what: string, taker: string): void {
  if (name === undefined) return;
  throw new StoreError(
    'mismatch',
    `The checkpoint holds ${what} ("${name}", …), but there is no ${taker} to restore it.`,
  );
}
