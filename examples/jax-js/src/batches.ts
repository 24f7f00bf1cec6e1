import { nn, numpy as np } from '@jax-js/jax';
import type { ImageDataset } from '@snapshot-ensemble/datasets';

/** Images `[count, 1, side, side]`, row-major, and their classes `[count]`. */
export interface LabelledImages {
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
  readonly side: number;
}

/** A dataset at half its height and width: each pixel the mean of four. */
export function halved({ images, labels, height, width }: ImageDataset): LabelledImages {
  const side = height / 2;
  const pixels = new Float32Array(labels.length * side * side);
  for (let row = 0; row < labels.length; row += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const to = (row * side + (y >> 1)) * side + (x >> 1);
        pixels[to]! += images[(row * height + y) * width + x]! / 4;
      }
    }
  }
  return { pixels, labels, side };
}

/** Rows `[start, end)` on the device: images `[rows, 1, side, side]`. */
export function imagesOf({ pixels, side }: LabelledImages, start: number, end: number): np.Array {
  const part = pixels.slice(start * side * side, end * side * side);
  return np.array(part).reshape([end - start, 1, side, side]);
}

/** Classes of rows `[start, end)` on the device, one-hot `[rows, classes]`. */
export function labelsOf({ labels }: LabelledImages, start: number, end: number): np.Array {
  const classes = Int32Array.from(labels.subarray(start, end));
  return nn.oneHot(np.array(classes, { dtype: np.int32 }), classCount);
}

export const classCount = 10;
