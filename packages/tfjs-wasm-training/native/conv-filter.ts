import { accumulateBlock } from './matrix';

/** Bytes of x and dy that one pass over the filter should find in the first-level cache. */
const TILE_BYTES: i32 = 16384;

function roundUp(value: i32, multiple: i32): i32 {
  return ((value + multiple - 1) / multiple) * multiple;
}

/** Bytes of scratch that `convFilterGradient` needs. */
export function convFilterGradientScratch(
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
): i32 {
  const paddedHeight = (outHeight - 1) * strideHeight + filterHeight;
  const paddedWidth = (outWidth - 1) * strideWidth + filterWidth;
  const columns = roundUp(outChannels, 8);
  const image = paddedHeight * paddedWidth * inChannels + 4;
  const sums = filterHeight * roundUp(filterWidth * inChannels, 4) * columns;
  return (image + outHeight * outWidth * columns + sums) << 2;
}

/**
 * dw[r, s, i, o] = Σ over images and output pixels of x[row · stride + r − pad, …, i] · dy[row, column, o].
 * One filter row's taps lie side by side in memory (filterWidth · inChannels numbers), so each is one product Xᵀ · dY over the
 * pixels of a few output rows. Image and dy are first copied with zeros around them: the product then has no edges.
 */
export function convFilterGradient(
  x: usize,
  dy: usize,
  dw: usize,
  scratch: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const paddedHeight = (outHeight - 1) * strideHeight + filterHeight;
  const paddedWidth = (outWidth - 1) * strideWidth + filterWidth;
  const taps = filterWidth * inChannels;
  const paddedTaps = roundUp(taps, 4);
  const columns = roundUp(outChannels, 8);
  const imageBytes = (paddedHeight * paddedWidth * inChannels + 4) << 2;
  const image = scratch;
  const gradient = image + imageBytes;
  const sums = gradient + ((outHeight * outWidth * columns) << 2);
  memory.fill(image, 0, imageBytes);
  memory.fill(gradient, 0, (outHeight * outWidth * columns) << 2);
  memory.fill(sums, 0, (filterHeight * paddedTaps * columns) << 2);

  const aPixel = (strideWidth * inChannels) << 2;
  const inRow = (paddedWidth * inChannels) << 2;
  const aRow = strideHeight * inRow;
  const bPixel = columns << 2;
  const bRow = outWidth * bPixel;
  const rowsPerTile = max(1, min(outHeight, TILE_BYTES / (aRow + bRow)));
  const dyImageBytes = (outHeight * outWidth * outChannels) << 2;

  for (let b = 0; b < batch; b++) {
    copyImage(x, image, inHeight, inWidth, inChannels, paddedHeight, paddedWidth, padTop, padLeft);
    let products = dy;
    if (columns != outChannels) {
      copyPixels(dy, gradient, outHeight * outWidth, outChannels, columns);
      products = gradient;
    }
    for (let row = 0; row < outHeight; row += rowsPerTile) {
      const rows = min(rowsPerTile, outHeight - row);
      for (let r = 0; r < filterHeight; r++) {
        const source = image + row * aRow + r * inRow;
        const target = sums + ((r * paddedTaps * columns) << 2);
        for (let o = 0; o < columns; o += 8) {
          for (let tap = 0; tap < paddedTaps; tap += 4) {
            accumulateBlock(
              source + (tap << 2),
              aPixel,
              aRow,
              products + row * bRow + (o << 2),
              bPixel,
              bRow,
              rows,
              outWidth,
              target + ((tap * columns + o) << 2),
              columns << 2,
            );
          }
        }
      }
    }
    x += (inHeight * inWidth * inChannels) << 2;
    dy += dyImageBytes;
  }
  for (let r = 0; r < filterHeight; r++) {
    for (let tap = 0; tap < taps; tap++) {
      memory.copy(dw, sums + (((r * paddedTaps + tap) * columns) << 2), outChannels << 2);
      dw += outChannels << 2;
    }
  }
}

/** Copies the part of an image that a convolution reads to its place among zeros; what lies outside stays as it is. */
function copyImage(
  x: usize,
  padded: usize,
  height: i32,
  width: i32,
  channels: i32,
  paddedHeight: i32,
  paddedWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const columnStart = max(0, -padLeft);
  const columnEnd = min(width, paddedWidth - padLeft);
  if (columnEnd <= columnStart) return;
  const bytes = ((columnEnd - columnStart) * channels) << 2;
  const rowEnd = min(height, paddedHeight - padTop);
  for (let row = max(0, -padTop); row < rowEnd; row++) {
    const target = ((row + padTop) * paddedWidth + columnStart + padLeft) * channels;
    memory.copy(padded + (target << 2), x + (((row * width + columnStart) * channels) << 2), bytes);
  }
}

/** Spreads pixels of `channels` numbers to pixels of `columns` numbers; what lies between stays as it is. */
function copyPixels(from: usize, to: usize, pixels: i32, channels: i32, columns: i32): void {
  for (let pixel = 0; pixel < pixels; pixel++) {
    memory.copy(to, from, channels << 2);
    from += channels << 2;
    to += columns << 2;
  }
}
