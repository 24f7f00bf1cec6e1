import { type ImageDataset, loadMnist, sliceDataset } from '@snapshot-ensemble/datasets';
import { type QuickstartOptions, VALIDATION_SIZE } from './options.ts';
import { shuffledIndices } from './random.ts';

export interface Data {
  readonly train: ImageDataset;
  /** Disjoint from `train` and `test`: only here are choices made. */
  readonly validation: ImageDataset;
  /** Of MNIST's own test images: only here are results reported. */
  readonly test: ImageDataset;
}

/** MNIST, its training images shuffled once by the seed and split. */
export async function loadData({ trainSize, testSize, seed }: QuickstartOptions): Promise<Data> {
  const [all, test] = await Promise.all([loadMnist('train'), loadMnist('test')]);
  const shuffled = pick(all, shuffledIndices(all.count, seed));
  return {
    train: sliceDataset(shuffled, VALIDATION_SIZE, VALIDATION_SIZE + trainSize),
    validation: sliceDataset(shuffled, 0, VALIDATION_SIZE),
    test: sliceDataset(test, 0, testSize),
  };
}

function pick(dataset: ImageDataset, indices: Uint32Array): ImageDataset {
  const pixels = dataset.height * dataset.width;
  const images = new Float32Array(indices.length * pixels);
  const labels = new Uint8Array(indices.length);
  for (const [row, index] of indices.entries()) {
    images.set(dataset.images.subarray(index * pixels, (index + 1) * pixels), row * pixels);
    labels[row] = dataset.labels[index]!;
  }
  return { ...dataset, images, labels, count: indices.length };
}
