/**
 * A window that slides over [batch, depth, height, width, channels]: what convolutions and pools share.
 * `src/geometry.ts` writes these numbers in this order; two-dimensional kernels have depth 1 everywhere.
 */
@unmanaged
export class Geometry {
  batch: i32;
  inDepth: i32;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outDepth: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  filterDepth: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideDepth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationDepth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padFront: i32;
  padTop: i32;
  padLeft: i32;
}

/** Rows of an image that has room for every window: the padded image, less what no window reaches. */
export function paddedHeight(g: Geometry): i32 {
  return (g.outHeight - 1) * g.strideHeight + (g.filterHeight - 1) * g.dilationHeight + 1;
}

/** Columns of such an image. */
export function paddedWidth(g: Geometry): i32 {
  return (g.outWidth - 1) * g.strideWidth + (g.filterWidth - 1) * g.dilationWidth + 1;
}

/** Which output plane of the depth axis reads input plane `plane` through tap `tap`; −1 if none. */
export function planeOf(g: Geometry, plane: i32, tap: i32): i32 {
  const start = plane + g.padFront - tap * g.dilationDepth;
  if (start < 0 || start % g.strideDepth != 0) return -1;
  const out = start / g.strideDepth;
  return out < g.outDepth ? out : -1;
}

/** The least multiple of `multiple` that is not below `value`. */
export function roundUp(value: i32, multiple: i32): i32 {
  return ((value + multiple - 1) / multiple) * multiple;
}

/** Copies the pixels of an image [inHeight, inWidth, channels] that windows reach to the padded image; the zeros around them stay. */
export function copyToPadded(g: Geometry, image: usize, padded: usize, channels: i32): void {
  movePixels(g, image, padded, channels, false);
}

/** The way back: every pixel of the image is written, zero where no window reaches. */
export function copyFromPadded(g: Geometry, padded: usize, image: usize, channels: i32): void {
  memory.fill(image, 0, (g.inHeight * g.inWidth * channels) << 2);
  movePixels(g, image, padded, channels, true);
}

function movePixels(g: Geometry, image: usize, padded: usize, channels: i32, back: bool): void {
  const width = paddedWidth(g);
  const columnStart = max(0, -g.padLeft);
  const columns = min(g.inWidth, width - g.padLeft) - columnStart;
  if (columns <= 0) return;
  const rowEnd = min(g.inHeight, paddedHeight(g) - g.padTop);
  for (let row = max(0, -g.padTop); row < rowEnd; row++) {
    const inImage = image + (((row * g.inWidth + columnStart) * channels) << 2);
    const inPadded =
      padded + ((((row + g.padTop) * width + columnStart + g.padLeft) * channels) << 2);
    if (back) memory.copy(inImage, inPadded, (columns * channels) << 2);
    else memory.copy(inPadded, inImage, (columns * channels) << 2);
  }
}
