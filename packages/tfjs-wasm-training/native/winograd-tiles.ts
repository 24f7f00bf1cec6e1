import { Geometry, roundUp } from './geometry';
import { gradientLine, inputLine, outputLine } from './winograd-lines';

/** Rows and columns of outputs that a tile has; of pixels under it; and of its points. */
const TILE: i32 = 4;
const SIDE: i32 = 6;
/** Points of a transformed tile. */
export const POINTS: i32 = SIDE * SIDE;
/** Bytes of transformed tiles that are worked on together: they should stay in the second-level cache. */
const BLOCK_BYTES: i32 = 196608;
/** Keeps the points of a tile from lying a power of two apart, where they would push each other out of the first-level cache. */
const APART: i32 = 64;
/** Bytes between the vectors of a transform's intermediate lines. */
const VECTOR: i32 = 16;

/** Bytes of the scratch that the transforms share: lines of vectors, and a tile cut from the edge of an image. */
export const LINES: i32 = POINTS * VECTOR;
export function patchBytes(g: Geometry): i32 {
  return LINES + ((POINTS * max(g.inChannels, g.outChannels)) << 2);
}

function tileColumns(g: Geometry): i32 {
  return (g.outWidth + TILE - 1) / TILE;
}

export function tilesPerImage(g: Geometry): i32 {
  return ((g.outHeight + TILE - 1) / TILE) * tileColumns(g);
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

/** Transforms the 6 × 6 pixels under each tile: [points, tiles, in] = Bᵀ · pixels · B. */
export function readTiles(
  g: Geometry,
  x: usize,
  first: i32,
  tiles: i32,
  target: usize,
  scratch: usize,
): void {
  const pixel = g.inChannels << 2;
  const line = g.inWidth * pixel;
  const step = inputsBytes(g) / POINTS;
  for (let tile = first; tile < first + tiles; tile++) {
    const inImage = tile % tilesPerImage(g);
    const image = x + (tile / tilesPerImage(g)) * g.inHeight * line;
    const top = (inImage / tileColumns(g)) * TILE - g.padTop;
    const left = (inImage % tileColumns(g)) * TILE - g.padLeft;
    if (top >= 0 && left >= 0 && top + SIDE <= g.inHeight && left + SIDE <= g.inWidth) {
      transformTile(image + top * line + left * pixel, line, pixel, target, step, scratch);
    } else {
      const patch = scratch + LINES;
      cutPatch(image, g.inHeight, g.inWidth, pixel, top, left, SIDE, patch);
      transformTile(patch, pixel * SIDE, pixel, target, step, scratch);
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
  // In vectors, not by memory.copy: a call of it costs more than a few pixels.
  const before = max(0, -left) * pixel;
  const inside = max(0, min(width - left, size) * pixel - before);
  for (let row = top; row < top + size; row++) {
    let at = 0;
    if (row >= 0 && row < height) {
      const from = image + row * width * pixel + left * pixel;
      for (; at < before; at += VECTOR) v128.store(patch + at, f32x4.splat(0));
      for (; at < before + inside; at += VECTOR) v128.store(patch + at, v128.load(from + at));
    }
    for (; at < size * pixel; at += VECTOR) v128.store(patch + at, f32x4.splat(0));
    patch += size * pixel;
  }
}

function transformTile(
  from: usize,
  line: i32,
  pixel: i32,
  to: usize,
  step: i32,
  lines: usize,
): void {
  for (let channel = 0; channel < pixel; channel += VECTOR) {
    for (let column = 0; column < SIDE; column++) {
      inputLine(from + column * pixel + channel, line, lines + column * VECTOR, SIDE * VECTOR);
    }
    for (let row = 0; row < SIDE; row++) {
      inputLine(lines + row * SIDE * VECTOR, VECTOR, to + row * SIDE * step + channel, step);
    }
  }
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
  scratch: usize,
): void {
  const pixel = g.outChannels << 2;
  const line = g.outWidth * pixel;
  const step = outputsBytes(g) / POINTS;
  for (let tile = first; tile < first + tiles; tile++) {
    const inImage = tile % tilesPerImage(g);
    const row = (inImage / tileColumns(g)) * TILE;
    const column = (inImage % tileColumns(g)) * TILE;
    const rows = min(TILE, g.outHeight - row);
    const columns = min(TILE, g.outWidth - column);
    const target = y + ((tile / tilesPerImage(g)) * g.outHeight + row) * line + column * pixel;
    for (let at = 0; at < pixel; at += VECTOR) {
      for (let point = 0; point < SIDE; point++) {
        const from = source + at + point * step;
        outputLine(from, SIDE * step, scratch + point * VECTOR, SIDE * VECTOR);
      }
      const shift = bias == 0 ? f32x4.splat(0) : v128.load(bias + at);
      const outputs = scratch + LINES;
      for (let r = 0; r < rows; r++) {
        outputLine(scratch + r * SIDE * VECTOR, VECTOR, outputs, VECTOR);
        for (let c = 0; c < columns; c++) {
          const sum = f32x4.add(v128.load(outputs + c * VECTOR), shift);
          v128.store(target + r * line + c * pixel + at, f32x4.max(sum, f32x4.splat(floor)));
        }
      }
    }
    source += pixel;
  }
}

/** [points, tiles, out] = A · dy · Aᵀ of each tile, dy being zero outside of the image. */
export function readGradients(
  g: Geometry,
  dy: usize,
  first: i32,
  tiles: i32,
  target: usize,
  scratch: usize,
): void {
  const pixel = g.outChannels << 2;
  const line = g.outWidth * pixel;
  const step = outputsBytes(g) / POINTS;
  for (let tile = first; tile < first + tiles; tile++) {
    const inImage = tile % tilesPerImage(g);
    const image = dy + (tile / tilesPerImage(g)) * g.outHeight * line;
    const row = (inImage / tileColumns(g)) * TILE;
    const column = (inImage % tileColumns(g)) * TILE;
    if (row + TILE <= g.outHeight && column + TILE <= g.outWidth) {
      transformGradient(image + row * line + column * pixel, line, pixel, target, step, scratch);
    } else {
      const patch = scratch + LINES;
      cutPatch(image, g.outHeight, g.outWidth, pixel, row, column, TILE, patch);
      transformGradient(patch, pixel * TILE, pixel, target, step, scratch);
    }
    target += pixel;
  }
}

function transformGradient(
  from: usize,
  line: i32,
  pixel: i32,
  to: usize,
  step: i32,
  lines: usize,
): void {
  for (let channel = 0; channel < pixel; channel += VECTOR) {
    for (let column = 0; column < TILE; column++) {
      gradientLine(from + column * pixel + channel, line, lines + column * VECTOR, TILE * VECTOR);
    }
    for (let row = 0; row < SIDE; row++) {
      gradientLine(lines + row * TILE * VECTOR, VECTOR, to + row * SIDE * step + channel, step);
    }
  }
}
