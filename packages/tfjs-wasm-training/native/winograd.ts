import { Geometry } from './geometry';
import { accumulateBlock, multiplyBlock } from './matrix';
import { collectFilter, transformFilter } from './winograd-filter';
import {
  inputsBytes,
  outputsBytes,
  patchBytes,
  POINTS,
  readGradients,
  readTiles,
  tilesPerBlock,
  tilesPerImage,
  writeTiles,
} from './winograd-tiles';

/*
 * 3 × 3 convolutions of stride 1 as F(4 × 4, 3 × 3) of Winograd (Lavin & Gray 2016, section 4): a tile of 4 × 4 outputs takes 36 products for
 * each pair of channels instead of 144. Tile, filter and output are transformed to 6 × 6 points; at each point what is left is a product of
 * matrices. Channels are multiples of eight.
 */

/** [points, in, out], or as many sums. */
function filterBytes(g: Geometry): i32 {
  return (POINTS * g.inChannels * g.outChannels) << 2;
}

/** Bytes of scratch that each of the two functions needs. */
export function winogradScratch(g: Geometry): i32 {
  return filterBytes(g) + inputsBytes(g) + outputsBytes(g) + patchBytes(g);
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
  transformFilter(g, filter, scratch, patch);
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
    writeTiles(g, outputs, first, tiles, y, bias, floor, patch);
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
  collectFilter(g, scratch, dw, patch);
}
