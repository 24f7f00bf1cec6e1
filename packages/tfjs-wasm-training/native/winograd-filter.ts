import { Geometry } from './geometry';

/** [points, in, out] = G · filter · Gᵀ, in panels of eight outputs: [points, out / 8, in, 8]. */
export function transformFilter(g: Geometry, filter: usize, target: usize): void {
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
export function collectFilter(g: Geometry, sums: usize, dw: usize): void {
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
