import type { ImageDataset } from '@snapshot-ensemble/datasets';
import type * as tfjs from '@tensorflow/tfjs';
import { shuffledIndices } from './random.ts';
import { BATCH_SIZE } from './recipes.ts';

/**
 * Whole batches of the images, in an order of their own in each epoch that seed and epoch decide: tfjs would shuffle by a
 * generator that takes no seed, and no run could be repeated or resumed.
 */
export function batches(
  tf: typeof tfjs,
  dataset: ImageDataset,
  { seed, initialEpoch, epochs }: { seed: number; initialEpoch: number; epochs: number },
): tfjs.data.Dataset<tfjs.TensorContainer> {
  return tf.data.generator(function* () {
    for (let epoch = initialEpoch; epoch < epochs; epoch++) {
      const order = shuffledIndices(dataset.count, 100_003 * seed + epoch);
      for (let end = BATCH_SIZE; end <= dataset.count; end += BATCH_SIZE)
        yield batchOf(tf, dataset, order.subarray(end - BATCH_SIZE, end));
    }
  });
}

function batchOf(
  tf: typeof tfjs,
  { images, labels, height, width, classNames }: ImageDataset,
  rows: Uint32Array,
): { xs: tfjs.Tensor; ys: tfjs.Tensor } {
  const pixels = height * width;
  const xs = new Float32Array(rows.length * pixels);
  const ys = new Float32Array(rows.length * classNames.length);
  for (const [to, from] of rows.entries()) {
    xs.set(images.subarray(from * pixels, (from + 1) * pixels), to * pixels);
    ys[to * classNames.length + labels[from]!] = 1;
  }
  return {
    xs: tf.tensor4d(xs, [rows.length, height, width, 1]),
    ys: tf.tensor2d(ys, [rows.length, classNames.length]),
  };
}
