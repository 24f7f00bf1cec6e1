import { copyToPadded, Geometry, paddedHeight, paddedWidth, roundUp } from './geometry';
import { accumulateBlock } from './matrix';

/** Bytes of x and dy that one pass over the filter should find in the first-level cache. */
const TILE_BYTES: i32 = 16384;

/** Undilated, the taps of a filter row lie side by side in x and are one group; dilated, each is a group of its own. */
function groupsOf(g: Geometry): i32 {
  return g.dilationWidth == 1 ? 1 : g.filterWidth;
}

function imageBytes(g: Geometry): i32 {
  // A block reads four taps: up to three beyond the last.
  return (paddedHeight(g) * paddedWidth(g) * g.inChannels + 4) << 2;
}

function gradientBytes(g: Geometry): i32 {
  return (g.outHeight * g.outWidth * roundUp(g.outChannels, 8)) << 2;
}

function groupBytes(g: Geometry): i32 {
  const taps = (g.filterWidth / groupsOf(g)) * g.inChannels;
  return (roundUp(taps, 4) * roundUp(g.outChannels, 8)) << 2;
}

/** Bytes of scratch that `convFilterGradient` needs. */
export function convFilterGradientScratch(g: Geometry): i32 {
  const groups = g.filterDepth * g.filterHeight * groupsOf(g);
  return imageBytes(g) + gradientBytes(g) + groups * groupBytes(g);
}

/**
 * dw[f, r, s, i, o] = Σ over images and output pixels of x[plane, row, column, i] · dy[…, o], the pixel being the one that tap (f, r, s) reads.
 * Every filter row is a product Xᵀ · dY over the pixels of a few output rows. Image and dy are first copied with zeros
 * around them: the product then has no edges.
 */
export function convFilterGradient(
  g: Geometry,
  x: usize,
  dy: usize,
  dw: usize,
  scratch: usize,
): void {
  const image = scratch;
  const gradient = image + imageBytes(g);
  const sums = gradient + gradientBytes(g);
  memory.fill(scratch, 0, convFilterGradientScratch(g));
  const inPlane = (g.inHeight * g.inWidth * g.inChannels) << 2;
  const outPlane = (g.outHeight * g.outWidth * g.outChannels) << 2;
  const depthBytes = g.filterHeight * groupsOf(g) * groupBytes(g);
  const columns = roundUp(g.outChannels, 8);
  for (let b = 0; b < g.batch; b++) {
    for (let out = 0; out < g.outDepth; out++) {
      let products = dy;
      if (columns != g.outChannels) {
        spreadPixels(dy, gradient, g.outHeight * g.outWidth, g.outChannels, columns);
        products = gradient;
      }
      for (let f = 0; f < g.filterDepth; f++) {
        const plane = out * g.strideDepth + f * g.dilationDepth - g.padFront;
        if (plane < 0 || plane >= g.inDepth) continue;
        copyToPadded(g, x + plane * inPlane, image, g.inChannels);
        addImage(g, image, products, sums + f * depthBytes);
      }
      dy += outPlane;
    }
    x += g.inDepth * inPlane;
  }
  collect(g, sums, dw);
}

/** Adds one padded image's part to the sums [filterHeight, groups, taps, columns]. */
function addImage(g: Geometry, image: usize, dy: usize, sums: usize): void {
  const columns = roundUp(g.outChannels, 8);
  const groups = groupsOf(g);
  const taps = (g.filterWidth / groups) * g.inChannels;
  const inRow = (paddedWidth(g) * g.inChannels) << 2;
  const aPixel = (g.strideWidth * g.inChannels) << 2;
  const aRow = g.strideHeight * inRow;
  const bRow = (g.outWidth * columns) << 2;
  const rowsPerTile = max(1, min(g.outHeight, TILE_BYTES / (aRow + bRow)));
  for (let row = 0; row < g.outHeight; row += rowsPerTile) {
    const rows = min(rowsPerTile, g.outHeight - row);
    let target = sums;
    for (let r = 0; r < g.filterHeight; r++) {
      for (let group = 0; group < groups; group++) {
        const shift = (group * g.dilationWidth * g.inChannels) << 2;
        const source = image + row * aRow + r * g.dilationHeight * inRow + shift;
        for (let o = 0; o < columns; o += 8) {
          for (let tap = 0; tap < taps; tap += 4) {
            accumulateBlock(
              source + (tap << 2),
              aPixel,
              aRow,
              dy + row * bRow + (o << 2),
              columns << 2,
              bRow,
              rows,
              g.outWidth,
              target + ((tap * columns + o) << 2),
              columns << 2,
            );
          }
        }
        target += groupBytes(g);
      }
    }
  }
}

/** Copies the sums without the numbers that only fill up blocks. */
function collect(g: Geometry, sums: usize, dw: usize): void {
  const columns = roundUp(g.outChannels, 8);
  const groups = groupsOf(g);
  const taps = (g.filterWidth / groups) * g.inChannels;
  for (let group = 0; group < g.filterDepth * g.filterHeight * groups; group++) {
    for (let tap = 0; tap < taps; tap++) {
      memory.copy(dw, sums + ((tap * columns) << 2), g.outChannels << 2);
      dw += g.outChannels << 2;
    }
    sums += groupBytes(g);
  }
}

/** Spreads pixels of `channels` numbers to pixels of `columns` numbers; what lies between stays as it is. */
function spreadPixels(from: usize, to: usize, pixels: i32, channels: i32, columns: i32): void {
  for (let pixel = 0; pixel < pixels; pixel++) {
    memory.copy(to, from, channels << 2);
    from += channels << 2;
    to += columns << 2;
  }
}
