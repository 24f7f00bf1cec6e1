/** y[o, r, i] = x[o, i] · factor, for every r: what undoes a sum or a mean over the axis of length `reduced`. */
export function spread(
  x: usize,
  y: usize,
  outer: i32,
  reduced: i32,
  inner: i32,
  factor: f32,
): void {
  const bytes = inner << 2;
  const factors = f32x4.splat(factor);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < reduced; r++) {
      let at = 0;
      for (; at + 16 <= bytes; at += 16) {
        v128.store(y + at, f32x4.mul(v128.load(x + at), factors));
      }
      for (; at < bytes; at += 4) store<f32>(y + at, load<f32>(x + at) * factor);
      y += bytes;
    }
    x += bytes;
  }
}

/** dx[i] = dy[i] where 0 < x[i] ≤ ceiling, else 0. */
export function reluGradient(x: usize, dy: usize, dx: usize, count: i32, ceiling: f32): void {
  const zeros = f32x4.splat(0);
  const ceilings = f32x4.splat(ceiling);
  const bytes = count << 2;
  let at = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = v128.load(x + at);
    const passes = v128.and(f32x4.gt(value, zeros), f32x4.le(value, ceilings));
    v128.store(dx + at, v128.and(v128.load(dy + at), passes));
  }
  for (; at < bytes; at += 4) {
    const value = load<f32>(x + at);
    store<f32>(dx + at, value > 0 && value <= ceiling ? load<f32>(dy + at) : 0);
  }
}

/** dx[i] = dy[i] where low ≤ x[i] ≤ high, else 0. */
export function clipGradient(
  x: usize,
  dy: usize,
  dx: usize,
  count: i32,
  low: f32,
  high: f32,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const bytes = count << 2;
  let at = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = v128.load(x + at);
    const passes = v128.and(f32x4.ge(value, lows), f32x4.le(value, highs));
    v128.store(dx + at, v128.and(v128.load(dy + at), passes));
  }
  for (; at < bytes; at += 4) {
    const value = load<f32>(x + at);
    store<f32>(dx + at, value >= low && value <= high ? load<f32>(dy + at) : 0);
  }
}

/** dx[i] = 2 · x[i] · dy[i]. */
export function squareGradient(x: usize, dy: usize, dx: usize, count: i32): void {
  const bytes = count << 2;
  let at = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = v128.load(x + at);
    v128.store(dx + at, f32x4.mul(f32x4.add(value, value), v128.load(dy + at)));
  }
  for (; at < bytes; at += 4) {
    store<f32>(dx + at, 2 * load<f32>(x + at) * load<f32>(dy + at));
  }
}

/** y [outer, repeats, bytes] = x [outer, bytes], each block repeated. */
export function repeat(x: usize, y: usize, outer: i32, repeats: i32, bytes: i32): void {
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < repeats; r++) {
      memory.copy(y, x, bytes);
      y += bytes;
    }
    x += bytes;
  }
}
