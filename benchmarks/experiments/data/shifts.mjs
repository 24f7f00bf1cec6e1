// @ts-check
import { normal, seeded } from './random.mjs';

const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** What a camera, a lens and a hand do to an image; each maps the bytes of `[rows, 28, 28]` images to as many others. */
export const shifts = {
  /** Gaussian noise, standard deviation 0.2 of the range. */
  'noise-0.2': (images) => {
    const random = seeded(101);
    return images.map((byte) => clamp(byte + 0.2 * 255 * normal(random)));
  },
  /** Gaussian blur, standard deviation 1 pixel. */
  blur: (images) => blurred(images, 1),
  'rotation-15': (images) => rotated(images, 15),
  'rotation-30': (images) => rotated(images, 30),
};

/** Bytes of `[rows, 28, 28]` images in which every pixel is drawn evenly from its range. @param {number} rows */
export function uniformNoise(rows) {
  const random = seeded(102);
  return Uint8Array.from({ length: rows * PIXELS }, () => Math.floor(256 * random()));
}

/** @param {number} value */
function clamp(value) {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** @param {Uint8Array} images @param {number} deviation */
function blurred(images, deviation) {
  const reach = Math.ceil(3 * deviation);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)),
  );
  const total = kernel.reduce((sum, value) => sum + value);
  return each(images, (image, x, y) => {
    let sum = 0;
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++)
        sum += kernel[dx + reach] * kernel[dy + reach] * at(image, x + dx, y + dy);
    return sum / total ** 2;
  });
}

/** Turned about the centre, bilinear. @param {Uint8Array} images @param {number} degrees */
function rotated(images, degrees) {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const centre = (SIDE - 1) / 2;
  return each(images, (image, x, y) => {
    const fromX = cos * (x - centre) + sin * (y - centre) + centre;
    const fromY = cos * (y - centre) - sin * (x - centre) + centre;
    const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
    const [fx, fy] = [fromX - left, fromY - top];
    return (
      (1 - fy) * ((1 - fx) * at(image, left, top) + fx * at(image, left + 1, top)) +
      fy * ((1 - fx) * at(image, left, top + 1) + fx * at(image, left + 1, top + 1))
    );
  });
}

/** @param {Uint8Array} images @param {(image: Uint8Array, x: number, y: number) => number} pixel */
function each(images, pixel) {
  const result = new Uint8Array(images.length);
  for (let start = 0; start < images.length; start += PIXELS) {
    const image = images.subarray(start, start + PIXELS);
    for (let i = 0; i < PIXELS; i++)
      result[start + i] = clamp(pixel(image, i % SIDE, Math.floor(i / SIDE)));
  }
  return result;
}

/** @param {Uint8Array} image @param {number} x @param {number} y */
function at(image, x, y) {
  return x >= 0 && x < SIDE && y >= 0 && y < SIDE ? image[y * SIDE + x] : 0;
}
