/** Sums are taken in runs of this many numbers, and the runs then added: the rounding error grows with neither alone. */
const RUN: i32 = 1024;
/** Rows of the matrix that one pass over the sums takes in. */
const ROWS: i32 = 4;

/**
 * For each of a few lines v of `shared` numbers, c = v · W for a matrix W of `count` columns: read in place, each number once a line.
 * Lines lie `lineStep` numbers apart, their numbers `step` apart, those of c `outLine` and `outStep`. W is [shared, count], or [count, shared]
 * where `isTurned`. `scratch` has room for `shared` + 2 · `count` numbers.
 */
export function thinProduct(
  v: usize,
  w: usize,
  c: usize,
  scratch: usize,
  lines: i32,
  shared: i32,
  count: i32,
  lineStep: i32,
  step: i32,
  outLine: i32,
  outStep: i32,
  isTurned: bool,
): void {
  const sums = scratch + (usize(step == 1 ? 0 : shared) << 2);
  for (let line = 0; line < lines; line++) {
    let numbers = v + (usize(line) << 2) * lineStep;
    if (step != 1) {
      copyLine(numbers, step, scratch, 1, shared);
      numbers = scratch;
    }
    const target = c + (usize(line) << 2) * outLine;
    if (isTurned || count == 1) {
      for (let j = 0; j < count; j++) {
        const value = dot(numbers, w + (usize(j) << 2) * shared, shared);
        store<f32>(target + (usize(j) << 2) * outStep, value);
      }
    } else {
      addRows(numbers, w, sums, shared, count);
      copyLine(sums, 1, target, outStep, count);
    }
  }
}

function copyLine(from: usize, fromStep: i32, to: usize, toStep: i32, length: i32): void {
  for (let i = 0; i < length; i++) {
    store<f32>(to, load<f32>(from));
    from += usize(fromStep) << 2;
    to += usize(toStep) << 2;
  }
}

/** Σ a[i] · b[i]. */
function dot(a: usize, b: usize, length: i32): f32 {
  let total: f64 = 0;
  for (let start = 0; start < length; start += RUN) {
    const end = min(RUN, length - start);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let i = 0;
    for (; i + 16 <= end; i += 16) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
      s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
      s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
      s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
      a += 64;
      b += 64;
    }
    const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    let run =
      f32x4.extract_lane(s, 0) +
      f32x4.extract_lane(s, 1) +
      (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
    for (; i < end; i++) {
      run += load<f32>(a) * load<f32>(b);
      a += 4;
      b += 4;
    }
    total += run;
  }
  return f32(total);
}

/** sums[j] = Σ over i of v[i] · w[i, j]; a run's sums stand behind them. */
function addRows(v: usize, w: usize, sums: usize, shared: i32, count: i32): void {
  const bytes = usize(count) << 2;
  const run = sums + bytes;
  memory.fill(sums, 0, bytes);
  for (let start = 0; start < shared; start += RUN) {
    const end = min(RUN, shared - start);
    memory.fill(run, 0, bytes);
    let i = 0;
    for (; i + ROWS <= end; i += ROWS) {
      addFourRows(v, w, run, bytes);
      v += ROWS << 2;
      w += bytes * ROWS;
    }
    for (; i < end; i++) {
      addScaled(load<f32>(v), w, run, bytes);
      v += 4;
      w += bytes;
    }
    addScaled(1, run, sums, bytes);
  }
}

function addFourRows(v: usize, w: usize, sums: usize, bytes: usize): void {
  const v0 = v128.load32_splat(v);
  const v1 = v128.load32_splat(v, 4);
  const v2 = v128.load32_splat(v, 8);
  const v3 = v128.load32_splat(v, 12);
  const w1 = w + bytes;
  const w2 = w1 + bytes;
  const w3 = w2 + bytes;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const a = f32x4.add(f32x4.mul(v0, v128.load(w + at)), f32x4.mul(v1, v128.load(w1 + at)));
    const b = f32x4.add(f32x4.mul(v2, v128.load(w2 + at)), f32x4.mul(v3, v128.load(w3 + at)));
    v128.store(sums + at, f32x4.add(v128.load(sums + at), f32x4.add(a, b)));
  }
  for (; at < bytes; at += 4) {
    const a = load<f32>(v) * load<f32>(w + at) + load<f32>(v, 4) * load<f32>(w1 + at);
    const b = load<f32>(v, 8) * load<f32>(w2 + at) + load<f32>(v, 12) * load<f32>(w3 + at);
    store<f32>(sums + at, load<f32>(sums + at) + (a + b));
  }
}

/** y += factor · x. */
function addScaled(factor: f32, x: usize, y: usize, bytes: usize): void {
  const factors = f32x4.splat(factor);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(y + at, f32x4.add(v128.load(y + at), f32x4.mul(factors, v128.load(x + at))));
  }
  for (; at < bytes; at += 4) {
    store<f32>(y + at, load<f32>(y + at) + factor * load<f32>(x + at));
  }
}
