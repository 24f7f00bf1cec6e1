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

/** sums[c] = Σ of dy[row, c], products[c] = Σ of dy[row, c] · (x[row, c] − means[c]). */
export function batchNormSums(
  x: usize,
  dy: usize,
  means: usize,
  sums: usize,
  products: usize,
  rows: i32,
  channels: i32,
): void {
  const bytes = channels << 2;
  memory.fill(sums, 0, bytes);
  memory.fill(products, 0, bytes);
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
      v128.store(products + at, f32x4.add(v128.load(products + at), s1));
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
      store<f32>(products + at, load<f32>(products + at) + s1);
    }
    x += run * bytes;
    dy += run * bytes;
  }
}

/**
 * The gradients of y = (x − mean) · scale / √(variance + epsilon) + offset, mean and variance being those of x over its rows (Ioffe &
 * Szegedy 2015, section 3). `scratch` has room for 3 · `channels` numbers.
 */
export function batchNormGradient(
  x: usize,
  dy: usize,
  means: usize,
  variances: usize,
  scales: usize,
  dx: usize,
  scaleGradient: usize,
  offsetGradient: usize,
  scratch: usize,
  rows: i32,
  channels: i32,
  epsilon: f32,
): void {
  const bytes = channels << 2;
  const slopes = scratch + bytes;
  const shifts = slopes + bytes;
  batchNormSums(x, dy, means, offsetGradient, scaleGradient, rows, channels);
  for (let at = 0; at < bytes; at += 4) {
    const inverse: f32 = 1 / sqrt(load<f32>(variances + at) + epsilon);
    const factor = load<f32>(scales + at) * inverse;
    const ofScale = load<f32>(scaleGradient + at) * inverse;
    store<f32>(scaleGradient + at, ofScale);
    store<f32>(scratch + at, factor);
    store<f32>(slopes + at, (-factor * inverse * ofScale) / f32(rows));
    store<f32>(shifts + at, (-factor * load<f32>(offsetGradient + at)) / f32(rows));
  }
  for (let row = 0; row < rows; row++) {
    let at = 0;
    for (; at + 16 <= bytes; at += 16) {
      const centred = f32x4.sub(v128.load(x + at), v128.load(means + at));
      const back = f32x4.add(f32x4.mul(centred, v128.load(slopes + at)), v128.load(shifts + at));
      const direct = f32x4.mul(v128.load(dy + at), v128.load(scratch + at));
      v128.store(dx + at, f32x4.add(direct, back));
    }
    for (; at < bytes; at += 4) {
      const centred = load<f32>(x + at) - load<f32>(means + at);
      const back = centred * load<f32>(slopes + at) + load<f32>(shifts + at);
      store<f32>(dx + at, load<f32>(dy + at) * load<f32>(scratch + at) + back);
    }
    x += bytes;
    dy += bytes;
    dx += bytes;
  }
}
