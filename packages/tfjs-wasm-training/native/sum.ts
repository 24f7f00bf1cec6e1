/** Sums are taken in runs of this many numbers, and the runs then added: the rounding error grows with neither alone. */
const RUN: i32 = 128;

/** y[o, i] = Σ over r of x[o, r, i], for x [outer, reduced, inner]. `scratch` has room for `inner` numbers. */
export function sum(
  x: usize,
  y: usize,
  scratch: usize,
  outer: i32,
  reduced: i32,
  inner: i32,
): void {
  if (inner == 1) return sumRows(x, y, outer, reduced);
  const bytes = inner << 2;
  for (let o = 0; o < outer; o++) {
    memory.fill(y, 0, bytes);
    for (let r = 0; r < reduced; r += RUN) {
      const run = min(RUN, reduced - r);
      memory.fill(scratch, 0, bytes);
      sumColumns(x, scratch, run, bytes);
      sumColumns(scratch, y, 1, bytes);
      x += run * bytes;
    }
    y += bytes;
  }
}

/** y[i] += Σ over rows of x[row, i]. */
function sumColumns(x: usize, y: usize, rows: i32, bytes: i32): void {
  let at = 0;
  for (; at + 32 <= bytes; at += 32) {
    let s0 = v128.load(y + at);
    let s1 = v128.load(y + at, 16);
    let p = x + at;
    for (let row = 0; row < rows; row++) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      p += bytes;
    }
    v128.store(y + at, s0);
    v128.store(y + at, s1, 16);
  }
  for (; at < bytes; at += 4) {
    let s = load<f32>(y + at);
    let p = x + at;
    for (let row = 0; row < rows; row++) {
      s += load<f32>(p);
      p += bytes;
    }
    store<f32>(y + at, s);
  }
}

function sumRows(x: usize, y: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) {
    let total: f32 = 0;
    for (let start = 0; start < columns; start += RUN * 4) {
      const end = min(columns, start + RUN * 4);
      let lanes = f32x4.splat(0);
      let column = start;
      for (; column + 4 <= end; column += 4) {
        lanes = f32x4.add(lanes, v128.load(x + (column << 2)));
      }
      let run =
        f32x4.extract_lane(lanes, 0) +
        f32x4.extract_lane(lanes, 1) +
        (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3));
      for (; column < end; column++) run += load<f32>(x + (column << 2));
      total += run;
    }
    store<f32>(y, total);
    x += columns << 2;
    y += 4;
  }
}

/** y[segment] = Σ of the rows of x [rows, width] whose id is the segment; rows with an id outside [0, segments) are left out. */
export function segmentSum(
  x: usize,
  ids: usize,
  y: usize,
  rows: i32,
  width: i32,
  segments: i32,
): void {
  memory.fill(y, 0, (segments * width) << 2);
  for (let row = 0; row < rows; row++) {
    const segment = load<i32>(ids + (row << 2));
    if (segment >= 0 && segment < segments)
      sumColumns(x, y + ((segment * width) << 2), 1, width << 2);
    x += width << 2;
  }
}
