import type { Progress, Trainer } from '../protocol.ts';
import type { ExistingRun, Run, RunDescription, SnapshotStore } from '../snapshot-store.ts';
import { nothingToResume } from '../store/begin-run.ts';
import { StoreError } from '../store-error.ts';

/** The run that a callback writes to, training after training. */
export interface RunOfCallback {
  /** Begins the run, or joins the one that other callbacks of the same training run began on the store. */
  begin(at: Progress, trainer: Trainer, description: Omit<RunDescription, 'model'>): Promise<Run>;
  /** The run that was begun and not ended. */
  current(): Run;
  /** Closes the run; does nothing if none was begun. */
  end(how: 'completed' | 'incomplete'): Promise<void>;
}

export function runOfCallback(store: SnapshotStore, existing: ExistingRun): RunOfCallback {
  let run: Run | undefined;
  return {
    async begin({ step }, trainer, description) {
      if (existing === 'resume' && step === 0 && (await store.readCheckpoint()) === undefined) {
        throw nothingToResume('training begins at step 0, and the store holds no checkpoint');
      }
      // One that is left is of a training that failed and told nobody.
      const options = { existing, training: trainer, ...(run && { replacing: run }) };
      run = undefined;
      run = await store.begin({ model: trainer.model, ...description }, options);
      return run;
    },
    current() {
      if (run !== undefined) return run;
      throw new StoreError(
        'not-begun',
        'A callback was called outside a training run: call onTrainBegin first.',
      );
    },
    async end(how) {
      const ending = run;
      run = undefined;
      await (how === 'completed' ? ending?.end() : ending?.close());
    },
  };
}
