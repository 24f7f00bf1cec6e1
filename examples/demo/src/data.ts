import {
  type ImageDataset,
  loadFashionSubset,
  loadMnist,
  sliceDataset,
} from '@snapshot-ensemble/datasets';
import type { QuickstartOptions } from './options.ts';

export interface Data {
  readonly train: ImageDataset;
  /** Disjoint from `train` and `test`: only here are choices made and temperatures fitted. */
  readonly validation: ImageDataset;
  /** Fashion-MNIST's own test images: only here are results reported. */
  readonly test: ImageDataset;
  /** Handwritten digits, half as many: of a kind that no model here has ever seen. */
  readonly unknown: ImageDataset;
}

/** Garments of the subset of Fashion-MNIST that lies in `tools/datasets`, and digits of MNIST. */
export async function loadData({ trainSize, testSize }: QuickstartOptions): Promise<Data> {
  const [train, validation, test, digits] = await Promise.all([
    loadFashionSubset('train'),
    loadFashionSubset('validation'),
    loadFashionSubset('test'),
    loadMnist('test'),
  ]);
  return {
    train: sliceDataset(train, 0, trainSize),
    validation,
    test: sliceDataset(test, 0, testSize),
    unknown: sliceDataset(digits, 0, testSize / 2),
  };
}
