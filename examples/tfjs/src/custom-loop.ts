// A loop of your own with optimizer.minimize: gradients are clipped, which fit cannot do. Run it again and it continues.
import * as tf from '@tensorflow/tfjs';
import { loadMembers, tfjsTrainer, trainSteps } from '@snapshot-ensemble/adapter-tfjs';
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import {
  chain,
  createSnapshotStore,
  followSchedule,
  resumeStep,
  saveCheckpoints,
  takeSnapshots,
} from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';

const inputs = tf.randomNormal<tf.Rank.R2>([512, 2], 0, 1, 'float32', 1);
const targets = tf.oneHot(inputs.prod(1).greater(0).toInt(), 2);
const model = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [2], units: 24, activation: 'relu' }),
    tf.layers.dense({ units: 2, activation: 'softmax' }),
  ],
});
const optimizer = tf.train.momentum(0.1, 0.9);
// Only so that the saved model says what its output is; fit is never called.
model.compile({ optimizer, loss: 'categoricalCrossentropy' });

const batchSize = 64;
const stepsPerEpoch = 512 / batchSize;
const plan = equalCycles({ totalEpochs: 40, stepsPerEpoch, cycles: 4 });
const schedule = anneal(plan, { lrInit: 0.1 });
const store = createSnapshotStore(fileBlobs('Ensemble'));

/** One update. Returns the loss, which is read only where somebody asks for it. */
function update(step: number): tf.Scalar {
  return tf.tidy(() => {
    const start = (step % stepsPerEpoch) * batchSize;
    const x = inputs.slice([start, 0], [batchSize, 2]);
    const y = targets.slice([start, 0], [batchSize, 2]);
    const { value, grads } = optimizer.computeGradients(() =>
      tf.losses.logLoss(y, model.apply(x, { training: true }) as tf.Tensor),
    );
    const clipped = Object.entries(grads).map(([name, gradient]) => ({
      name,
      tensor: gradient.clipByValue(-1, 1),
    }));
    optimizer.applyGradients(clipped);
    return value;
  });
}

const { step } = await trainSteps(
  tf,
  {
    trainer: tfjsTrainer(tf, model, optimizer),
    callback: chain(
      followSchedule(schedule),
      takeSnapshots(plan, store, { schedule, existing: 'resume-or-start' }),
      saveCheckpoints(store, { everySteps: 40, existing: 'resume-or-start' }),
    ),
  },
  {
    totalSteps: plan.totalSteps,
    stepsPerEpoch,
    firstStep: await resumeStep(store),
    step: ({ step }) => update(step),
  },
);
const ensemble = await loadMembers(tf, store);
const { verdicts } = await ensemble.evaluate(inputs, targets);
console.log(`${step} steps, ${ensemble.members.length} members. ${verdicts[0]!.text}`);
