import { Geometry } from './geometry';
import { filterLine, tapLine } from './winograd-lines';

/** Bytes between the vectors of a transform's intermediate lines. */
const VECTOR: i32 = 16;

/** [points, in, out] = G · filter · Gᵀ, in panels of eight outputs: [points, out / 8, in, 8]. `lines` has room for 18 vectors. */
export function transformFilter(g: Geometry, filter: usize, target: usize, lines: usize): void {
  const tap = (g.inChannels * g.outChannels) << 2;
  for (let i = 0; i < g.inChannels; i++) {
    for (let o = 0; o < g.outChannels; o += 4) {
      const from = filter + ((i * g.outChannels + o) << 2);
      const to = target + ((((o >> 3) * g.inChannels + i) << 3) << 2) + ((o & 4) << 2);
      for (let column = 0; column < 3; column++) {
        filterLine(from + column * tap, 3 * tap, lines + column * VECTOR, 3 * VECTOR);
      }
      for (let row = 0; row < 6; row++) {
        filterLine(lines + row * 3 * VECTOR, VECTOR, to + row * 6 * tap, tap);
      }
    }
  }
}

/** dw = Gᵀ · sums · G. `lines` has room for 18 vectors. */
export function collectFilter(g: Geometry, sums: usize, dw: usize, lines: usize): void {
  const tap = (g.inChannels * g.outChannels) << 2;
  for (let at = 0; at < tap; at += 16) {
    for (let column = 0; column < 6; column++) {
      tapLine(sums + at + column * tap, 6 * tap, lines + column * VECTOR, 6 * VECTOR);
    }
    for (let row = 0; row < 3; row++) {
      tapLine(lines + row * 6 * VECTOR, VECTOR, dw + at + row * 3 * tap, tap);
    }
  }
}
