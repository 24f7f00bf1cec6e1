// Trains a snapshot ensemble, compares it with its best member, exports it, and runs it without TensorFlow.js.
import * as tf from '@tensorflow/tfjs';
import { loadMembers, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';

// Points of a plane; the class is the sign of x · y, for one point in ten the other one.
const pointsOf = (seed: number) => tf.randomNormal<tf.Rank.R2>([600, 2], 0, 1, 'float32', seed);
const classesOf = (points: tf.Tensor2D, seed: number) => {
  const isFlipped = tf.randomUniform([600], 0, 1, 'float32', seed).less(0.1);
  return tf.oneHot(points.prod(1).greater(0).logicalXor(isFlipped).toInt(), 2);
};
const [training, test] = [pointsOf(1), pointsOf(2)];

const model = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [2], units: 32, activation: 'relu' }),
    tf.layers.dense({ units: 2, activation: 'softmax', name: 'class' }),
  ],
});
model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'categoricalCrossentropy' });
await model.fit(training, classesOf(training, 3), {
  epochs: 30,
  callbacks: snapshotEnsembleCallback(tf, { cycles: 5, store: 'Ensemble', verbose: 1 }),
});

const members = await loadMembers(tf, 'Ensemble', { last: 3 });
const { verdicts } = await members.evaluate(test, classesOf(test, 4));
console.log(verdicts[0]!.text);

await exportEnsemble(defaultStore('Ensemble'), bundleDirectory('bundle'), {
  policy: meanPolicy('probabilities', [2, 3, 4]),
});
const ensemble = await loadEnsemble('bundle');
const { outputs } = await ensemble.predict(Float32Array.of(1, 1, -1, 1));
console.log('class probabilities of (1, 1) and (-1, 1):', outputs['class']!.data);
await ensemble.close();
