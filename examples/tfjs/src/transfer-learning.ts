// Transfer learning: a backbone learns the digits 0 to 4. Frozen, it helps a new head to learn 5 to 9 from few images. Then all
// of it trains on as a snapshot ensemble.
import * as tf from '@tensorflow/tfjs';
import { loadMembers, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { type ImageDataset, loadMnist } from '@snapshot-ensemble/datasets';

const digits = await loadMnist('test');

/** Images of five digits from the rows [from, to), as 7 × 7 means of their pixels, with labels 0 to 4. */
function fiveDigits({ images, labels }: ImageDataset, first: number, [from, to]: [number, number]) {
  const isWanted = (row: number) => labels[row]! >= first && labels[row]! < first + 5;
  const rows = [...labels.keys()].slice(from, to).filter(isWanted);
  const chosen = tf.tensor4d(images, [labels.length, 28, 28, 1]).gather(rows);
  return {
    x: tf.avgPool(chosen, 4, 4, 'valid').reshape<tf.Tensor2D>([rows.length, 49]),
    y: tf.oneHot(
      tf.tensor1d(
        rows.map((row) => labels[row]! - first),
        'int32',
      ),
      5,
    ),
  };
}

const backbone = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [49], units: 64, activation: 'relu' }),
    tf.layers.dense({ units: 32, activation: 'relu' }),
  ],
});
const withHead = () =>
  tf.sequential({ layers: [backbone, tf.layers.dense({ units: 5, activation: 'softmax' })] });
const loss = 'categoricalCrossentropy';

const source = fiveDigits(digits, 0, [0, 3000]);
const first = withHead();
first.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss });
await first.fit(source.x, source.y, { epochs: 6 });

const few = fiveDigits(digits, 5, [3000, 3400]);
const test = fiveDigits(digits, 5, [4000, 6000]);
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
console.log(
  `accuracy on digits 5 to 9, from ${few.x.shape[0]} images: ${metrics['accuracy']!.toFixed(3)}`,
);
console.log(verdicts[0]!.text);
