// Sequences of different lengths: padded with zeros, masked, read in both directions by an LSTM, and exported with the mask.
import * as tf from '@tensorflow/tfjs';
import { loadMembers, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';

const longest = 8;

/** Rows of 3 to 8 numbers, then zeros. The class: is the last number larger than the first? */
function sequences(count: number, seed: number) {
  const values = tf.randomUniform<tf.Rank.R2>([count, longest], 0.1, 1, 'float32', seed);
  const lengths = tf.randomUniform([count, 1], 3, longest + 1, 'int32', seed + 1);
  const isInside = tf.range(0, longest, 1, 'int32').less(lengths);
  const last = tf.range(0, longest, 1, 'int32').equal(lengths.sub(1)).mul(values).sum(1);
  const isRising = last.greater(values.slice([0, 0], [count, 1]).flatten());
  return {
    x: values.mul<tf.Tensor2D>(isInside).expandDims<tf.Tensor3D>(2),
    y: tf.oneHot(isRising.toInt(), 2),
  };
}

const model = tf.sequential({
  layers: [
    tf.layers.masking({ maskValue: 0, inputShape: [longest, 1] }),
    tf.layers.bidirectional({ layer: tf.layers.lstm({ units: 8 }), mergeMode: 'concat' }),
    tf.layers.dense({ units: 2, activation: 'softmax', name: 'rising' }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.02), loss: 'categoricalCrossentropy' });
const training = sequences(256, 1);
await model.fit(training.x, training.y, {
  epochs: 12,
  callbacks: snapshotEnsembleCallback(tf, { cycles: 3, store: 'Ensemble' }),
});

const test = sequences(500, 9);
const members = await loadMembers(tf, 'Ensemble');
const { ensemble: metrics } = await members.evaluate(test.x, test.y);
console.log(`accuracy: ${metrics['accuracy']!.toFixed(3)}`);

await exportEnsemble(defaultStore('Ensemble'), bundleDirectory('bundle'), {
  policy: meanPolicy('probabilities', [0, 1, 2]),
});
const ensemble = await loadEnsemble('bundle');
const { outputs } = await ensemble.predict(Float32Array.of(0.2, 0.5, 0.9, 0, 0, 0, 0, 0));
console.log('0.2, 0.5, 0.9 rises with probability', outputs['rising']!.data[1]);
await ensemble.close();
