// Transfer learning: a backbone learns the digits 0 to 4. Frozen, it helps a new head to learn 5 to 9 from few images. Then all
// of it trains on as a snapshot ensemble.
import * as tf from '@tensorflow/tfjs';
import { loadMembers, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { type ImageDataset, loadMnist } from '@snapshot-ensemble/datasets';

const [all, held] = await Promise.all([loadMnist('train'), loadMnist('test')]);

/** The first `count` images of five digits, as rows of 784 values in [0, 1], with labels 0 to 4. */
function fiveDigits({ images, labels }: ImageDataset, first: number, count: number) {
  const chosen = [...labels.keys()]
    .filter((row) => labels[row]! >= first && labels[row]! < first + 5)
    .slice(0, count);
  const pixels = chosen.flatMap((row) => [...images.subarray(row * 784, (row + 1) * 784)]);
  const classes = chosen.map((row) => labels[row]! - first);
  return {
    x: tf.tensor2d(pixels, [chosen.length, 784]),
    y: tf.oneHot(tf.tensor1d(classes, 'int32'), 5),
  };
}

const backbone = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [784], units: 64, activation: 'relu' }),
    tf.layers.dense({ units: 32, activation: 'relu' }),
  ],
});
const withHead = () =>
  tf.sequential({ layers: [backbone, tf.layers.dense({ units: 5, activation: 'softmax' })] });
const loss = 'categoricalCrossentropy';

const source = fiveDigits(all, 0, 1000);
const first = withHead();
first.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss });
await first.fit(source.x, source.y, { epochs: 4 });

const few = fiveDigits(all, 5, 200);
const test = fiveDigits(held, 5, 1000);
const model = withHead();
backbone.trainable = false;
model.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss });
await model.fit(few.x, few.y, { epochs: 10 });

// Trainable layers are counted when a model is compiled, and the peak is lower than for the head alone.
backbone.trainable = true;
model.compile({ optimizer: tf.train.momentum(0.02, 0.9), loss });
await model.fit(few.x, few.y, {
  epochs: 24,
  callbacks: snapshotEnsembleCallback(tf, { cycles: 4, store: 'Ensemble' }),
});
const ensemble = await loadMembers(tf, 'Ensemble');
const { ensemble: metrics, verdicts } = await ensemble.evaluate(test.x, test.y);
console.log(`accuracy on digits 5 to 9, from 200 images: ${metrics['accuracy']!.toFixed(3)}`);
console.log(verdicts[0]!.text);
