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
import { batches } from './batches.ts';
import type { ImageDataset } from '@snapshot-ensemble/datasets';
import { BATCH_SIZE, type Recipe } from './recipes.ts';
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
  readonly train: ImageDataset;
  readonly validation: LabelledTensors;
  readonly screen: Screen;
}

/** Trains one model by the recipe, goes on where an earlier run stopped, or finds that run complete. */
export async function train(context: TrainingContext, recipe: Recipe): Promise<TrainedRun> {
  const { tf, options, screen } = context;
  const { trainSize, seed, out } = options;
  const { epochs, cycles, peak, curve } = recipe;
  const stepsPerEpoch = Math.floor(trainSize / BATCH_SIZE);
  const plan = equalCycles({ totalSteps: epochs * stepsPerEpoch, cycles });
  const schedule = anneal(plan, { lrInit: peak, curve });
  const store = defaultStore(storeFolder(out, recipe));
  const run = { recipe, store, plan, schedule, stepsPerEpoch };

  const found = await store.readManifest();
  const members = `${found?.members.length} of ${recipe.cycles} members`;
  if (found?.completed === true) {
    screen.print(`${recipe.name}: found complete in ${storeFolder(out, recipe)}/, ${members}`);
    return { ...run, history: await readHistory(out, recipe.id) };
  }
  const model = buildModel(tf, seed, recipe);
  const initialEpoch = await resumeEpoch(store);
  screen.print(
    found === undefined
      ? `${recipe.name}: ${epochs === 1 ? '1 epoch' : `${epochs} epochs`}, ${plan.totalSteps} steps in ${cycles === 1 ? '1 cycle' : `${cycles} cycles`}`
      : `${recipe.name}: found ${members} in ${storeFolder(out, recipe)}/, continuing after epoch ${initialEpoch}`,
  );
  const history = (await readHistory(out, recipe.id)).slice(0, initialEpoch);
  await fit(context, model, run, { initialEpoch, history });
  model.dispose();
  return { ...run, history };
}

/** The ensemble's own folder has the name that everybody knows; the rival's stands apart. */
export function storeFolder(out: string, { id }: Recipe): string {
  return id === 'snapshots' ? join(out, 'Ensemble') : join(out, 'rival', id);
}

/** Images on which the curves of the report are measured after each epoch; all would take a sixth of the time. */
const CURVE_IMAGES = 500;

async function fit(
  { tf, options, train: images, validation, screen }: TrainingContext,
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
  const watched = [validation.images, validation.labels].map((all) => all.slice(0, CURVE_IMAGES));
  // What tf.data makes and what tfjs-layers takes are two types of the same name, and so is the enum of `verbose`.
  const { fitDataset } = model as unknown as {
    readonly fitDataset: (data: unknown, args: object) => Promise<unknown>;
  };
  await fitDataset.call(
    model,
    batches(tf, images, { seed: options.seed, initialEpoch, epochs: recipe.epochs }),
    {
      epochs: recipe.epochs,
      initialEpoch,
      batchesPerEpoch: Math.floor(images.count / BATCH_SIZE),
      validationData: watched as [tfjs.Tensor, tfjs.Tensor],
      // tfjs-node would draw a progress bar of its own.
      verbose: 0,
      callbacks: snapshotEnsembleCallback(tf, {
        planOf: () => ({ plan, schedule }),
        store,
        existing: 'resume-or-start',
        checkpointEveryEpochs: 1,
        callbacks: [keepHistory, showProgress(screen, recipe.name, { plan, schedule })],
      }),
    },
  );
  tf.dispose(watched);
}
