import { Geometry, roundUp } from './geometry';

/** Points of a transformed tile. */
export const POINTS: i32 = 16;
/** Bytes of transformed tiles that are worked on together: they should stay in the second-level cache. */
const BLOCK_BYTES: i32 = 131072;
/** Keeps the points of a tile from lying a power of two apart, where they would push each other out of the first-level cache. */
const APART: i32 = 64;

function tileColumns(g: Geometry): i32 {
  return (g.outWidth + 1) >> 1;
}

export function tilesPerImage(g: Geometry): i32 {
  return ((g.outHeight + 1) >> 1) * tileColumns(g);
}

export function tilesPerBlock(g: Geometry): i32 {
  const perTile = (POINTS * (g.inChannels + g.outChannels)) << 2;
  return min(roundUp(g.batch * tilesPerImage(g), 4), roundUp(max(8, BLOCK_BYTES / perTile), 4));
}

export function inputsBytes(g: Geometry): i32 {
  return POINTS * (((tilesPerBlock(g) * g.inChannels) << 2) + APART);
}

export function outputsBytes(g: Geometry): i32 {
  return POINTS * (((tilesPerBlock(g) * g.outChannels) << 2) + APART);
}

/** Transforms the 4 × 4 pixels under each tile: [points, tiles, in] = Bᵀ · pixels · B. */
export function readTiles(
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

/** y of each tile = Aᵀ · points · A + bias, not below `floor`; what lies outside of the image is left out. */
export function writeTiles(
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
export function readGradients(
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
