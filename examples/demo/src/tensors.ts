import type { ImageDataset } from '@snapshot-ensemble/datasets';
import type * as tfjs from '@tensorflow/tfjs';

export interface LabelledTensors {
  /** `[count, 28, 28, 1]`, pixels in [0, 1]. */
  readonly images: tfjs.Tensor4D;
  /** One-hot, `[count, 10]`. */
  readonly labels: tfjs.Tensor2D;
}

export function toTensors(tf: typeof tfjs, dataset: ImageDataset): LabelledTensors {
  const { count, height, width, classNames } = dataset;
  const oneHot = new Float32Array(count * classNames.length);
  for (const [row, label] of dataset.labels.entries()) oneHot[row * classNames.length + label] = 1;
  return {
    images: tf.tensor4d(dataset.images, [count, height, width, 1]),
    labels: tf.tensor2d(oneHot, [count, classNames.length]),
  };
}
