import { join } from 'node:path';
import { resumeEpoch, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import type { EpochRecord } from '@snapshot-ensemble/report';
import { anneal, type CyclePlan, equalCycles, type Schedule } from '@snapshot-ensemble/schedules';
import type { SnapshotStore, TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';
import type * as tfjs from '@tensorflow/tfjs';
import { buildModel } from './model.ts';
import type { QuickstartOptions } from './options.ts';
import { type Screen, showProgress } from './progress.ts';
import { BATCH_SIZE, LEARNING_RATE, type Recipe } from './recipes.ts';
import { readHistory, writeHistory } from './settings.ts';
import type { LabelledTensors } from './tensors.ts';

/** A recipe carried out: its members are in the store. */
export interface TrainedRun {
  readonly recipe: Recipe;
  readonly store: SnapshotStore;
  readonly plan: CyclePlan;
  readonly schedule: Schedule;
  readonly stepsPerEpoch: number;
  readonly history: readonly EpochRecord[];
}

export interface TrainingContext {
  readonly tf: typeof tfjs;
  readonly options: QuickstartOptions;
  readonly train: LabelledTensors;
  readonly validation: LabelledTensors;
  readonly screen: Screen;
}

/** Trains one model by the recipe, goes on where an earlier run stopped, or finds that run complete. */
export async function train(context: TrainingContext, recipe: Recipe): Promise<TrainedRun> {
  const { tf, options, screen } = context;
  const { epochs, trainSize, seed, out } = options;
  const stepsPerEpoch = Math.ceil(trainSize / BATCH_SIZE);
  const plan = equalCycles({ totalSteps: epochs * stepsPerEpoch, cycles: recipe.cycles });
  const schedule = anneal(plan, { lrInit: LEARNING_RATE, curve: recipe.curve });
  const store = defaultStore(storeFolder(out, recipe));
  const run = { recipe, store, plan, schedule, stepsPerEpoch };

  const found = await store.readManifest();
  const members = `${found?.members.length} of ${recipe.cycles} members`;
  if (found?.completed === true) {
    screen.print(`${recipe.name}: found complete in ${storeFolder(out, recipe)}/, ${members}`);
    return { ...run, history: await readHistory(out, recipe.id) };
  }
  const model = buildModel(tf, seed);
  const initialEpoch = await resumeEpoch(store);
  screen.print(
    found === undefined
      ? `${recipe.name}: ${plan.totalSteps} steps in ${recipe.cycles} cycle(s)`
      : `${recipe.name}: found ${members} in ${storeFolder(out, recipe)}/, going on after epoch ${initialEpoch}`,
  );
  const history = (await readHistory(out, recipe.id)).slice(0, initialEpoch);
  await fit(context, model, run, { initialEpoch, history });
  model.dispose();
  return { ...run, history };
}

/** The ensemble's own folder has the name that everybody knows; the rivals' stand apart. */
export function storeFolder(out: string, { id }: Recipe): string {
  return id === 'snapshots' ? join(out, 'Ensemble') : join(out, 'rivals', id);
}

/** tfjs-node would draw a progress bar of its own. */
const quiet = { verbose: 0 } as const;

async function fit(
  { tf, options, train: { images, labels }, validation, screen }: TrainingContext,
  model: tfjs.LayersModel,
  { recipe, store, plan, schedule }: Omit<TrainedRun, 'history'>,
  { initialEpoch, history }: { readonly initialEpoch: number; readonly history: EpochRecord[] },
): Promise<void> {
  const keepHistory: TrainingCallback = {
    name: 'keep-history',
    async onEpochEnd({ epoch, metrics }) {
      history.push({ epoch, metrics });
      await writeHistory(options.out, recipe.id, history);
    },
  };
  await model.fit(images, labels, {
    epochs: options.epochs,
    initialEpoch,
    batchSize: BATCH_SIZE,
    // The images were shuffled by the seed; tfjs would shuffle by a generator that has none, and no run could be resumed.
    shuffle: false,
    validationData: [validation.images, validation.labels],
    ...quiet,
    callbacks: snapshotEnsembleCallback(tf, {
      planOf: () => ({ plan, schedule }),
      store,
      existing: 'resume-or-start',
      checkpointEveryEpochs: 1,
      callbacks: [keepHistory, showProgress(screen, recipe.name, { plan, schedule })],
    }),
  });
}
