import * as tf from '@tensorflow/tfjs';
import { resumeEpoch, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { anneal, equalCycles, type CyclePlan, type Schedule } from '@snapshot-ensemble/schedules';
import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import { spirals } from './spirals.ts';

/** The IndexedDB database of the snapshots. */
export const STORE = 'spirals';
export const EPOCHS = 50;
const ROWS = 512;
const BATCH = 64;

export const plan: CyclePlan = equalCycles({ totalSteps: (EPOCHS * ROWS) / BATCH, cycles: 5 });
export const schedule: Schedule = anneal(plan, { lrInit: 0.5 });

/** Trains from where the store's run stopped, or from the start. Resolves when the last cycle is over. */
export async function train(
  existing: 'resume-or-start' | 'overwrite',
  ...watchers: TrainingCallback[]
): Promise<void> {
  // Fast enough for 1,300 weights; for a CNN, take the WASM backend with @snapshot-ensemble/tfjs-wasm-training.
  await tf.setBackend('cpu');
  const initial = (seed: number) => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
  });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 32, activation: 'tanh', ...initial(11) }),
      tf.layers.dense({ units: 32, activation: 'tanh', ...initial(12) }),
      tf.layers.dense({ units: 2, activation: 'softmax', name: 'arm', ...initial(13) }),
    ],
  });
  model.compile({ optimizer: tf.train.momentum(0.5, 0.9), loss: 'categoricalCrossentropy' });
  const { points, classes } = spirals(ROWS, 1);
  const validation = spirals(256, 2);
  try {
    await model.fit(points, classes, {
      epochs: EPOCHS,
      batchSize: BATCH,
      initialEpoch: existing === 'overwrite' ? 0 : await resumeEpoch(STORE),
      shuffle: false, // the rows come in random order; a fixed one makes resuming exact
      validationData: [validation.points, validation.classes],
      callbacks: snapshotEnsembleCallback(tf, {
        planOf: () => ({ plan, schedule }),
        store: STORE,
        existing,
        checkpointEveryEpochs: 1,
        callbacks: watchers,
      }),
    });
  } finally {
    tf.dispose([points, classes, validation.points, validation.classes]);
    model.dispose();
  }
}
