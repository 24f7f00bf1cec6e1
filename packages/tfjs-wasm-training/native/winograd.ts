import { Geometry, roundUp } from './geometry';
import { accumulateBlock } from './matrix';

/*
 * 3 × 3 convolutions of stride 1 as F(2 × 2, 3 × 3) of Winograd (Lavin & Gray 2016, section 4.1): a tile of 2 × 2 outputs takes
 * 16 products for each pair of channels instead of 36. Tile, filter and output are transformed to 4 × 4 points; at each point what is
 * left is a product of matrices. Channels are multiples of eight.
 */
const POINTS: i32 = 16;
/** Bytes of transformed tiles that are worked on together: they should stay in the second-level cache. */
const BLOCK_BYTES: i32 = 131072;
/** Keeps the points of a tile from lying a power of two apart, where they would push each other out of the first-level cache. */
const APART: i32 = 64;

function tileColumns(g: Geometry): i32 {
  return (g.outWidth + 1) >> 1;
}

function tilesPerImage(g: Geometry): i32 {
  return ((g.outHeight + 1) >> 1) * tileColumns(g);
}

function tilesPerBlock(g: Geometry): i32 {
  const perTile = (POINTS * (g.inChannels + g.outChannels)) << 2;
  return min(roundUp(g.batch * tilesPerImage(g), 4), roundUp(max(8, BLOCK_BYTES / perTile), 4));
}

function inputsBytes(g: Geometry): i32 {
  return POINTS * (((tilesPerBlock(g) * g.inChannels) << 2) + APART);
}

function outputsBytes(g: Geometry): i32 {
  return POINTS * (((tilesPerBlock(g) * g.outChannels) << 2) + APART);
}

function filterBytes(g: Geometry): i32 {
  return (POINTS * g.inChannels * g.outChannels) << 2;
}

/** Bytes of scratch that each of the two functions needs. */
export function winogradScratch(g: Geometry): i32 {
  const patch = (POINTS * max(g.inChannels, g.outChannels)) << 2;
  return filterBytes(g) + inputsBytes(g) + outputsBytes(g) + patch;
}

/** y = max(floor, x ∗ filter + bias): x [batch, inHeight, inWidth, in], filter [3, 3, in, out]; `bias` is 0 where there is none. */
export function winograd(
  g: Geometry,
  x: usize,
  filter: usize,
  y: usize,
  scratch: usize,
  bias: usize,
  floor: f32,
): void {
  const inputs = scratch + filterBytes(g);
  const outputs = inputs + inputsBytes(g);
  const patch = outputs + outputsBytes(g);
  const inStep = inputsBytes(g) / POINTS;
  const outStep = outputsBytes(g) / POINTS;
  const panel = g.inChannels << 5;
  transformFilter(g, filter, scratch);
  const all = g.batch * tilesPerImage(g);
  const block = tilesPerBlock(g);
  for (let first = 0; first < all; first += block) {
    const tiles = min(block, all - first);
    readTiles(g, x, first, tiles, inputs, patch);
    for (let point = 0; point < POINTS; point++) {
      for (let o = 0; o < g.outChannels; o += 8) {
        const weights = scratch + ((point * g.outChannels) >> 3) * panel + (o >> 3) * panel;
        for (let tile = 0; tile < tiles; tile += 4) {
          multiplyBlock(
            inputs + point * inStep + ((tile * g.inChannels) << 2),
            g.inChannels << 2,
            weights,
            outputs + point * outStep + ((tile * g.outChannels + o) << 2),
            g.outChannels << 2,
          );
        }
      }
    }
    writeTiles(g, outputs, first, tiles, y, bias, floor);
  }
}

/** dw [3, 3, in, out] = the gradient of `winograd` with respect to its filter: the same transforms the other way round. */
export function winogradFilterGradient(
  g: Geometry,
  x: usize,
  dy: usize,
  dw: usize,
  scratch: usize,
): void {
  const inputs = scratch + filterBytes(g);
  const outputs = inputs + inputsBytes(g);
  const patch = outputs + outputsBytes(g);
  const inStep = inputsBytes(g) / POINTS;
  const outStep = outputsBytes(g) / POINTS;
  const sumStep = filterBytes(g) / POINTS;
  memory.fill(scratch, 0, filterBytes(g));
  const all = g.batch * tilesPerImage(g);
  const block = tilesPerBlock(g);
  for (let first = 0; first < all; first += block) {
    const tiles = min(block, all - first);
    readTiles(g, x, first, tiles, inputs, patch);
    readGradients(g, dy, first, tiles, outputs, patch);
    for (let point = 0; point < POINTS; point++) {
      for (let o = 0; o < g.outChannels; o += 8) {
        for (let i = 0; i < g.inChannels; i += 4) {
          accumulateBlock(
            inputs + point * inStep + (i << 2),
            g.inChannels << 2,
            0,
            outputs + point * outStep + (o << 2),
            g.outChannels << 2,
            0,
            1,
            tiles,
            scratch + point * sumStep + ((i * g.outChannels + o) << 2),
            g.outChannels << 2,
          );
        }
      }
    }
  }
  collectFilter(g, scratch, dw);
}

/** [points, in, out] = G · filter · Gᵀ, in panels of eight outputs: [points, out / 8, in, 8]. */
function transformFilter(g: Geometry, filter: usize, target: usize): void {
  const tap = (g.inChannels * g.outChannels) << 2;
  const half = f32x4.splat(0.5);
  for (let i = 0; i < g.inChannels; i++) {
    for (let o = 0; o < g.outChannels; o += 4) {
      const from = filter + ((i * g.outChannels + o) << 2);
      let to = target + ((((o >> 3) * g.inChannels + i) << 3) << 2) + ((o & 4) << 2);
      for (let row = 0; row < 4; row++) {
        const g0 = filterRow(from, 3 * tap, row, half);
        const g1 = filterRow(from + tap, 3 * tap, row, half);
        const g2 = filterRow(from + 2 * tap, 3 * tap, row, half);
        const ends = f32x4.mul(half, f32x4.add(g0, g2));
        const middle = f32x4.mul(half, g1);
        v128.store(to, g0);
        v128.store(to + tap, f32x4.add(ends, middle));
        v128.store(to + 2 * tap, f32x4.sub(ends, middle));
        v128.store(to + 3 * tap, g2);
        to += 4 * tap;
      }
    }
  }
}

/** One row of G · filter, of one column of the filter. */
function filterRow(from: usize, rowBytes: i32, row: i32, half: v128): v128 {
  if (row == 0) return v128.load(from);
  if (row == 3) return v128.load(from + 2 * rowBytes);
  const ends = f32x4.add(v128.load(from), v128.load(from + 2 * rowBytes));
  const middle = v128.load(from + rowBytes);
  return f32x4.mul(half, row == 1 ? f32x4.add(ends, middle) : f32x4.sub(ends, middle));
}

/** dw = Gᵀ · sums · G. */
function collectFilter(g: Geometry, sums: usize, dw: usize): void {
  const tap = (g.inChannels * g.outChannels) << 2;
  for (let at = 0; at < tap; at += 16) {
    for (let row = 0; row < 3; row++) {
      const s0 = sumsRow(sums + at, tap, row);
      const s1 = sumsRow(sums + at + tap, tap, row);
      const s2 = sumsRow(sums + at + 2 * tap, tap, row);
      const s3 = sumsRow(sums + at + 3 * tap, tap, row);
      storeThird(dw + at + row * 3 * tap, s0, s1, s2, s3, tap);
    }
  }
}

function sumsRow(sums: usize, tap: i32, row: i32): v128 {
  const s1 = v128.load(sums + 4 * tap);
  const s2 = v128.load(sums + 8 * tap);
  const half = f32x4.splat(0.5);
  if (row == 1) return f32x4.mul(half, f32x4.sub(s1, s2));
  const middle = f32x4.mul(half, f32x4.add(s1, s2));
  return f32x4.add(middle, v128.load(row == 0 ? sums : sums + 12 * tap));
}

function storeThird(to: usize, s0: v128, s1: v128, s2: v128, s3: v128, tap: i32): void {
  const half = f32x4.splat(0.5);
  const middle = f32x4.mul(half, f32x4.add(s1, s2));
  v128.store(to, f32x4.add(s0, middle));
  v128.store(to + tap, f32x4.mul(half, f32x4.sub(s1, s2)));
  v128.store(to + 2 * tap, f32x4.add(middle, s3));
}

/** Transforms the 4 × 4 pixels under each tile: [points, tiles, in] = Bᵀ · pixels · B. */
function readTiles(
  g: Geometry,
  x: usize,
  first: i32,
  tiles: i32,
  target: usize,
  patch: usize,
): void {
  const pixel = g.inChannels << 2;
  const line = g.inWidth * pixel;
  const step = inputsBytes(g) / POINTS;
  for (let tile = first; tile < first + tiles; tile++) {
    const inImage = tile % tilesPerImage(g);
    const image = x + (tile / tilesPerImage(g)) * g.inHeight * line;
    const top = (inImage / tileColumns(g)) * 2 - g.padTop;
    const left = (inImage % tileColumns(g)) * 2 - g.padLeft;
    if (top >= 0 && left >= 0 && top + 4 <= g.inHeight && left + 4 <= g.inWidth) {
      transformTile(image + top * line + left * pixel, line, pixel, target, step);
    } else {
      cutPatch(image, g.inHeight, g.inWidth, pixel, top, left, 4, patch);
      transformTile(patch, pixel << 2, pixel, target, step);
    }
    target += pixel;
  }
}

/** Copies `size` × `size` pixels from (top, left) of an image, zeros where they lie outside of it. */
function cutPatch(
  image: usize,
  height: i32,
  width: i32,
  pixel: i32,
  top: i32,
  left: i32,
  size: i32,
  patch: usize,
): void {
  const zeros = f32x4.splat(0);
  for (let row = top; row < top + size; row++) {
    for (let column = left; column < left + size; column++) {
      if (row >= 0 && row < height && column >= 0 && column < width) {
        const from = image + (row * width + column) * pixel;
        for (let at = 0; at < pixel; at += 16) v128.store(patch + at, v128.load(from + at));
      } else {
        for (let at = 0; at < pixel; at += 16) v128.store(patch + at, zeros);
      }
      patch += pixel;
    }
  }
}

function transformTile(from: usize, line: i32, pixel: i32, to: usize, step: i32): void {
  for (let channel = 0; channel < pixel; channel += 16) {
    const row1 = from + line;
    const row2 = row1 + line;
    const row3 = row2 + line;
    const a0 = v128.load(row1);
    const a1 = v128.load(row1 + pixel);
    const a2 = v128.load(row1 + 2 * pixel);
    const a3 = v128.load(row1 + 3 * pixel);
    const b0 = v128.load(row2);
    const b1 = v128.load(row2 + pixel);
    const b2 = v128.load(row2 + 2 * pixel);
    const b3 = v128.load(row2 + 3 * pixel);
    storeDifferences(
      f32x4.sub(v128.load(from), b0),
      f32x4.sub(v128.load(from + pixel), b1),
      f32x4.sub(v128.load(from + 2 * pixel), b2),
      f32x4.sub(v128.load(from + 3 * pixel), b3),
      to,
      step,
    );
    storeDifferences(
      f32x4.add(a0, b0),
      f32x4.add(a1, b1),
      f32x4.add(a2, b2),
      f32x4.add(a3, b3),
      to + 4 * step,
      step,
    );
    storeDifferences(
      f32x4.sub(b0, a0),
      f32x4.sub(b1, a1),
      f32x4.sub(b2, a2),
      f32x4.sub(b3, a3),
      to + 8 * step,
      step,
    );
    storeDifferences(
      f32x4.sub(a0, v128.load(row3)),
      f32x4.sub(a1, v128.load(row3 + pixel)),
      f32x4.sub(a2, v128.load(row3 + 2 * pixel)),
      f32x4.sub(a3, v128.load(row3 + 3 * pixel)),
      to + 12 * step,
      step,
    );
    from += 16;
    to += 16;
  }
}

/** One row of points, from one row of Bᵀ · pixels. */
function storeDifferences(d0: v128, d1: v128, d2: v128, d3: v128, to: usize, step: i32): void {
  v128.store(to, f32x4.sub(d0, d2));
  v128.store(to + step, f32x4.add(d1, d2));
  v128.store(to + 2 * step, f32x4.sub(d2, d1));
  v128.store(to + 3 * step, f32x4.sub(d1, d3));
}

/** Four tiles × eight outputs at one point: products over all inputs. */
function multiplyBlock(a: usize, aRow: i32, b: usize, c: usize, cRow: i32): void {
  const a1 = a + aRow;
  const a2 = a1 + aRow;
  const a3 = a2 + aRow;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (let i = 0; i < aRow; i += 4) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const v0 = v128.load32_splat(a + i);
    s00 = f32x4.add(s00, f32x4.mul(v0, b0));
    s01 = f32x4.add(s01, f32x4.mul(v0, b1));
    const v1 = v128.load32_splat(a1 + i);
    s10 = f32x4.add(s10, f32x4.mul(v1, b0));
    s11 = f32x4.add(s11, f32x4.mul(v1, b1));
    const v2 = v128.load32_splat(a2 + i);
    s20 = f32x4.add(s20, f32x4.mul(v2, b0));
    s21 = f32x4.add(s21, f32x4.mul(v2, b1));
    const v3 = v128.load32_splat(a3 + i);
    s30 = f32x4.add(s30, f32x4.mul(v3, b0));
    s31 = f32x4.add(s31, f32x4.mul(v3, b1));
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c + cRow, s10);
  v128.store(c + cRow, s11, 16);
  v128.store(c + 2 * cRow, s20);
  v128.store(c + 2 * cRow, s21, 16);
  v128.store(c + 3 * cRow, s30);
  v128.store(c + 3 * cRow, s31, 16);
}

/** y of each tile = Aᵀ · points · A + bias, not below `floor`; what lies outside of the image is left out. */
function writeTiles(
  g: Geometry,
  source: usize,
  first: i32,
  tiles: i32,
  y: usize,
  bias: usize,
  floor: f32,
): void {
  const pixel = g.outChannels << 2;
  const line = g.outWidth * pixel;
  const step = outputsBytes(g) / POINTS;
  const floors = f32x4.splat(floor);
  for (let tile = first; tile < first + tiles; tile++) {
    const inImage = tile % tilesPerImage(g);
    const row = (inImage / tileColumns(g)) * 2;
    const column = (inImage % tileColumns(g)) * 2;
    const target = y + ((tile / tilesPerImage(g)) * g.outHeight + row) * line + column * pixel;
    const hasRight = column + 1 < g.outWidth;
    const hasBelow = row + 1 < g.outHeight;
    for (let at = 0; at < pixel; at += 16) {
      const from = source + at;
      const u0 = upper(from, step);
      const u1 = upper(from + step, step);
      const u2 = upper(from + 2 * step, step);
      const u3 = upper(from + 3 * step, step);
      const shift = bias == 0 ? f32x4.splat(0) : v128.load(bias + at);
      const to = target + at;
      v128.store(to, finish(f32x4.add(f32x4.add(u0, u1), u2), shift, floors));
      if (hasRight) {
        v128.store(to + pixel, finish(f32x4.sub(f32x4.sub(u1, u2), u3), shift, floors));
      }
      if (!hasBelow) continue;
      const l0 = lower(from, step);
      const l1 = lower(from + step, step);
      const l2 = lower(from + 2 * step, step);
      const l3 = lower(from + 3 * step, step);
      v128.store(to + line, finish(f32x4.add(f32x4.add(l0, l1), l2), shift, floors));
      if (hasRight) {
        v128.store(to + line + pixel, finish(f32x4.sub(f32x4.sub(l1, l2), l3), shift, floors));
      }
    }
    source += pixel;
  }
}

function finish(sum: v128, shift: v128, floors: v128): v128 {
  return f32x4.max(f32x4.add(sum, shift), floors);
}

/** The upper row of Aᵀ · points, of one column of points. */
function upper(from: usize, step: i32): v128 {
  const ends = f32x4.add(v128.load(from), v128.load(from + 4 * step));
  return f32x4.add(ends, v128.load(from + 8 * step));
}

/** The lower row of it. */
function lower(from: usize, step: i32): v128 {
  const ends = f32x4.sub(v128.load(from + 4 * step), v128.load(from + 8 * step));
  return f32x4.sub(ends, v128.load(from + 12 * step));
}

/** [points, tiles, out] = A · dy · Aᵀ of each tile, dy being zero outside of the image. */
function readGradients(
  g: Geometry,
  dy: usize,
  first: i32,
  tiles: i32,
  target: usize,
  patch: usize,
): void {
  const pixel = g.outChannels << 2;
  const line = g.outWidth * pixel;
  const step = outputsBytes(g) / POINTS;
  for (let tile = first; tile < first + tiles; tile++) {
    const inImage = tile % tilesPerImage(g);
    const image = dy + (tile / tilesPerImage(g)) * g.outHeight * line;
    const row = (inImage / tileColumns(g)) * 2;
    const column = (inImage % tileColumns(g)) * 2;
    if (row + 2 <= g.outHeight && column + 2 <= g.outWidth) {
      transformGradient(image + row * line + column * pixel, line, pixel, target, step);
    } else {
      cutPatch(image, g.outHeight, g.outWidth, pixel, row, column, 2, patch);
      transformGradient(patch, pixel << 1, pixel, target, step);
    }
    target += pixel;
  }
}

function transformGradient(from: usize, line: i32, pixel: i32, to: usize, step: i32): void {
  for (let at = 0; at < pixel; at += 16) {
    const p0 = v128.load(from + at);
    const q0 = v128.load(from + at + pixel);
    const p1 = v128.load(from + at + line);
    const q1 = v128.load(from + at + line + pixel);
    storeSums(p0, q0, to + at, step);
    storeSums(f32x4.add(p0, p1), f32x4.add(q0, q1), to + at + 4 * step, step);
    storeSums(f32x4.sub(p0, p1), f32x4.sub(q0, q1), to + at + 8 * step, step);
    storeSums(f32x4.neg(p1), f32x4.neg(q1), to + at + 12 * step, step);
  }
}

function storeSums(p: v128, q: v128, to: usize, step: i32): void {
  v128.store(to, p);
  v128.store(to + step, f32x4.add(p, q));
  v128.store(to + 2 * step, f32x4.sub(p, q));
  v128.store(to + 3 * step, f32x4.neg(q));
}
