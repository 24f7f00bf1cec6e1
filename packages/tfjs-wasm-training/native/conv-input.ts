import { copyFromPadded, Geometry, paddedHeight, paddedWidth, planeOf, roundUp } from './geometry';

/** Turns a filter [taps, in, out] into the filter [taps, out, in] of the convolution that undoes it: the taps reversed. */
export function flipFilter(g: Geometry, filter: usize, flipped: usize): void {
  const taps = g.filterDepth * g.filterHeight * g.filterWidth;
  const size = g.inChannels * g.outChannels;
  for (let tap = 0; tap < taps; tap++) {
    const from = filter + ((tap * size) << 2);
    const to = flipped + (((taps - 1 - tap) * size) << 2);
    for (let i = 0; i < g.inChannels; i++) {
      for (let o = 0; o < g.outChannels; o++) {
        store<f32>(
          to + ((o * g.inChannels + i) << 2),
          load<f32>(from + ((i * g.outChannels + o) << 2)),
        );
      }
    }
  }
}

function sliceBytes(g: Geometry): i32 {
  // The last block of a pixel writes up to seven numbers beyond it.
  return (paddedHeight(g) * paddedWidth(g) * g.inChannels + 8) << 2;
}

/** Bytes of scratch that `convInputGradient` needs. */
export function convInputGradientScratch(g: Geometry): i32 {
  const taps = g.filterDepth * g.filterHeight * g.filterWidth;
  return sliceBytes(g) + ((taps * g.outChannels * roundUp(g.inChannels, 8)) << 2);
}

/**
 * dx[plane, row, column, i] = Σ over the taps (f, r, s) and outputs o that read it of dy[…, o] · w[f, r, s, i, o]: for any stride and dilation.
 * Each tap is a product dY · Wᵀ, added to a padded plane of dx at the tap's place.
 */
export function convInputGradient(
  g: Geometry,
  filter: usize,
  dy: usize,
  dx: usize,
  scratch: usize,
): void {
  const slice = scratch;
  const transposed = slice + sliceBytes(g);
  transposeTaps(g, filter, transposed);
  const outPlane = (g.outHeight * g.outWidth * g.outChannels) << 2;
  const rows = g.filterHeight * g.filterWidth * g.outChannels;
  const depthBytes = (rows * roundUp(g.inChannels, 8)) << 2;
  for (let b = 0; b < g.batch; b++) {
    for (let plane = 0; plane < g.inDepth; plane++) {
      memory.fill(slice, 0, sliceBytes(g));
      for (let f = 0; f < g.filterDepth; f++) {
        const out = planeOf(g, plane, f);
        if (out >= 0) addPlane(g, transposed + f * depthBytes, dy + out * outPlane, slice);
      }
      copyFromPadded(g, slice, dx, g.inChannels);
      dx += (g.inHeight * g.inWidth * g.inChannels) << 2;
    }
    dy += g.outDepth * outPlane;
  }
}

/** [taps, in, out] → [taps, out, in rounded up to eights]. */
function transposeTaps(g: Geometry, filter: usize, transposed: usize): void {
  const columns = roundUp(g.inChannels, 8);
  const taps = g.filterDepth * g.filterHeight * g.filterWidth;
  memory.fill(transposed, 0, (taps * g.outChannels * columns) << 2);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < g.inChannels; i++) {
      for (let o = 0; o < g.outChannels; o++) {
        const target = transposed + (((tap * g.outChannels + o) * columns + i) << 2);
        store<f32>(target, load<f32>(filter));
        filter += 4;
      }
    }
  }
}

function addPlane(g: Geometry, taps: usize, dy: usize, slice: usize): void {
  const rowBytes = (paddedWidth(g) * g.inChannels) << 2;
  const columns = roundUp(g.inChannels, 8);
  const outRow = (g.outWidth * g.outChannels) << 2;
  for (let row = 0; row < g.outHeight; row++) {
    let tap = taps;
    for (let r = 0; r < g.filterHeight; r++) {
      const targetRow = slice + (row * g.strideHeight + r * g.dilationHeight) * rowBytes;
      for (let s = 0; s < g.filterWidth; s++) {
        const target = targetRow + ((s * g.dilationWidth * g.inChannels) << 2);
        for (let i = 0; i < columns; i += 8) {
          addRow(g, dy + row * outRow, tap + (i << 2), target + (i << 2), columns << 2);
        }
        tap += (g.outChannels * columns) << 2;
      }
    }
  }
}

/** Adds dY · Wᵀ of one output row to eight channels of the pixels that a tap reads. */
function addRow(g: Geometry, dy: usize, tap: usize, target: usize, tapRow: i32): void {
  const outPixel = g.outChannels << 2;
  const step = (g.strideWidth * g.inChannels) << 2;
  let pixel = 0;
  for (; pixel + 4 <= g.outWidth; pixel += 4) {
    addFourPixels(dy, outPixel, tap, tapRow, g.outChannels, target, step);
    dy += outPixel << 2;
    target += step << 2;
  }
  for (; pixel < g.outWidth; pixel++) {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    for (let o = 0; o < g.outChannels; o++) {
      const value = v128.load32_splat(dy + (o << 2));
      s0 = f32x4.add(s0, f32x4.mul(value, v128.load(tap + o * tapRow)));
      s1 = f32x4.add(s1, f32x4.mul(value, v128.load(tap + o * tapRow, 16)));
    }
    addTo(target, s0, s1);
    dy += outPixel;
    target += step;
  }
}

function addFourPixels(
  dy: usize,
  outPixel: i32,
  tap: usize,
  tapRow: i32,
  outChannels: i32,
  target: usize,
  step: i32,
): void {
  const dy1 = dy + outPixel;
  const dy2 = dy1 + outPixel;
  const dy3 = dy2 + outPixel;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  const end = outChannels << 2;
  for (let o = 0; o < end; o += 4) {
    const w0 = v128.load(tap);
    const w1 = v128.load(tap, 16);
    const v0 = v128.load32_splat(dy + o);
    s00 = f32x4.add(s00, f32x4.mul(v0, w0));
    s01 = f32x4.add(s01, f32x4.mul(v0, w1));
    const v1 = v128.load32_splat(dy1 + o);
    s10 = f32x4.add(s10, f32x4.mul(v1, w0));
    s11 = f32x4.add(s11, f32x4.mul(v1, w1));
    const v2 = v128.load32_splat(dy2 + o);
    s20 = f32x4.add(s20, f32x4.mul(v2, w0));
    s21 = f32x4.add(s21, f32x4.mul(v2, w1));
    const v3 = v128.load32_splat(dy3 + o);
    s30 = f32x4.add(s30, f32x4.mul(v3, w0));
    s31 = f32x4.add(s31, f32x4.mul(v3, w1));
    tap += tapRow;
  }
  // One after the other: neighbouring pixels may share numbers.
  addTo(target, s00, s01);
  addTo(target + step, s10, s11);
  addTo(target + 2 * step, s20, s21);
  addTo(target + 3 * step, s30, s31);
}

function addTo(target: usize, s0: v128, s1: v128): void {
  v128.store(target, f32x4.add(v128.load(target), s0));
  v128.store(target, f32x4.add(v128.load(target, 16), s1), 16);
}
