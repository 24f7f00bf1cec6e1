import * as tf from '@tensorflow/tfjs';
import { resumeEpoch, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import type { SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import type { SweepRun } from './runs.ts';

const EPOCHS = 12;

/** Points of a plane, of the class that the sign of x · y says. */
function pointsAndClasses(rows: number, seed: number): { points: tf.Tensor2D; classes: tf.Tensor } {
  const points = tf.randomNormal<tf.Rank.R2>([rows, 2], 0, 1, 'float32', seed);
  return { points, classes: tf.oneHot(points.prod(1).greater(0).toInt(), 2) };
}

/** Trains a run, or continues it after its last checkpoint: a pod that is killed loses at most an epoch. Returns its number of members. */
export async function trainRun(
  { seed, schedule }: SweepRun,
  store: SnapshotStore,
): Promise<number> {
  const initial = (offset: number) => tf.initializers.glorotUniform({ seed: 10 * seed + offset });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [2],
        units: 16,
        activation: 'tanh',
        kernelInitializer: initial(1),
      }),
      tf.layers.dense({
        units: 2,
        activation: 'softmax',
        name: 'class',
        kernelInitializer: initial(2),
      }),
    ],
  });
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'categoricalCrossentropy' });
  const training = pointsAndClasses(320, 1);
  const validation = pointsAndClasses(320, 2);
  const initialEpoch = await resumeEpoch(store);
  if (initialEpoch < EPOCHS)
    await model.fit(training.points, training.classes, {
      epochs: EPOCHS,
      initialEpoch,
      shuffle: false,
      validationData: [validation.points, validation.classes],
      callbacks: snapshotEnsembleCallback(tf, {
        ...schedule,
        store,
        checkpointEveryEpochs: 1,
        existing: 'resume-or-start',
      }),
    });
  return (await store.readManifest())?.members.length ?? 0;
}
