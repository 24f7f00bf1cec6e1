/** y[row, c] = x[row, c] · factors[c] + shifts[c]. */
export function affine(
  x: usize,
  factors: usize,
  shifts: usize,
  y: usize,
  rows: i32,
  channels: i32,
): void {
  const bytes = channels << 2;
  for (let row = 0; row < rows; row++) {
    let at = 0;
    for (; at + 16 <= bytes; at += 16) {
      const scaled = f32x4.mul(v128.load(x + at), v128.load(factors + at));
      v128.store(y + at, f32x4.add(scaled, v128.load(shifts + at)));
    }
    for (; at < bytes; at += 4) {
      store<f32>(y + at, load<f32>(x + at) * load<f32>(factors + at) + load<f32>(shifts + at));
    }
    x += bytes;
    y += bytes;
  }
}

/** Sums are taken in runs of this many rows, and the runs then added, to keep the rounding error small. */
const RUN: i32 = 128;

/** sums[0, c] = Σ of dy[row, c], sums[1, c] = Σ of dy[row, c] · (x[row, c] − means[c]). */
export function batchNormSums(
  x: usize,
  dy: usize,
  means: usize,
  sums: usize,
  rows: i32,
  channels: i32,
): void {
  const bytes = channels << 2;
  memory.fill(sums, 0, bytes << 1);
  for (let row = 0; row < rows; row += RUN) {
    const run = min(RUN, rows - row);
    let at = 0;
    for (; at + 16 <= bytes; at += 16) {
      const mean = v128.load(means + at);
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      let p = x + at;
      let q = dy + at;
      for (let r = 0; r < run; r++) {
        const gradient = v128.load(q);
        s0 = f32x4.add(s0, gradient);
        s1 = f32x4.add(s1, f32x4.mul(gradient, f32x4.sub(v128.load(p), mean)));
        p += bytes;
        q += bytes;
      }
      v128.store(sums + at, f32x4.add(v128.load(sums + at), s0));
      v128.store(sums + bytes + at, f32x4.add(v128.load(sums + bytes + at), s1));
    }
    for (; at < bytes; at += 4) {
      let s0: f32 = 0;
      let s1: f32 = 0;
      for (let r = 0; r < run; r++) {
        const gradient = load<f32>(dy + r * bytes + at);
        s0 += gradient;
        s1 += gradient * (load<f32>(x + r * bytes + at) - load<f32>(means + at));
      }
      store<f32>(sums + at, load<f32>(sums + at) + s0);
      store<f32>(sums + bytes + at, load<f32>(sums + bytes + at) + s1);
    }
    x += run * bytes;
    dy += run * bytes;
  }
}
