/*
 * The transforms of F(4, 3) of Winograd (Lavin & Gray 2016, section 4) in one dimension, on lines of vectors `step` bytes apart. Its points are
 * 0, ±P, ±Q and infinity. P and Q balance the coefficients: with the usual 1 and 2 the rounding errors are four times as large. Both and their
 * products are exact in float32.
 */
const P: f32 = 0.75;
const Q: f32 = 1.5;
const P2: f32 = P * P;
const Q2: f32 = Q * Q;
const P3: f32 = P2 * P;
const Q3: f32 = Q2 * Q;
/** What each point's line of the filter is divided by. */
const AT_ZERO: f32 = 1 / (P2 * Q2);
const AT_P: f32 = 1 / (2 * P2 * (P2 - Q2));
const AT_Q: f32 = 1 / (2 * Q2 * (Q2 - P2));

// @ts-expect-error: decorators of functions are AssemblyScript
@inline
function times(factor: f32, x: v128): v128 {
  return f32x4.mul(f32x4.splat(factor), x);
}

/** Six inputs to six points: Bᵀ. */
// @ts-expect-error: decorators of functions are AssemblyScript
@inline
export function inputLine(from: usize, step: i32, to: usize, toStep: i32): void {
  const d1 = v128.load(from + step);
  const d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step);
  const first = f32x4.sub(d4, times(P2 + Q2, d2));
  const last = f32x4.sub(v128.load(from + 5 * step), times(P2 + Q2, d3));
  v128.store(to, f32x4.add(first, times(P2 * Q2, v128.load(from))));
  v128.store(to + 5 * toStep, f32x4.add(last, times(P2 * Q2, d1)));
  const evenP = f32x4.sub(d4, times(Q2, d2));
  const oddP = times(P, f32x4.sub(d3, times(Q2, d1)));
  v128.store(to + toStep, f32x4.add(evenP, oddP));
  v128.store(to + 2 * toStep, f32x4.sub(evenP, oddP));
  const evenQ = f32x4.sub(d4, times(P2, d2));
  const oddQ = times(Q, f32x4.sub(d3, times(P2, d1)));
  v128.store(to + 3 * toStep, f32x4.add(evenQ, oddQ));
  v128.store(to + 4 * toStep, f32x4.sub(evenQ, oddQ));
}

/** Six points to four outputs: Aᵀ. */
// @ts-expect-error: decorators of functions are AssemblyScript
@inline
export function outputLine(from: usize, step: i32, to: usize, toStep: i32): void {
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step);
  const evenP = f32x4.add(m1, m2);
  const oddP = f32x4.sub(m1, m2);
  const evenQ = f32x4.add(m3, m4);
  const oddQ = f32x4.sub(m3, m4);
  const last = f32x4.add(times(P3, oddP), times(Q3, oddQ));
  v128.store(to, f32x4.add(v128.load(from), f32x4.add(evenP, evenQ)));
  v128.store(to + toStep, f32x4.add(times(P, oddP), times(Q, oddQ)));
  v128.store(to + 2 * toStep, f32x4.add(times(P2, evenP), times(Q2, evenQ)));
  v128.store(to + 3 * toStep, f32x4.add(last, v128.load(from + 5 * step)));
}

/** Four gradients of outputs to six points: A. */
// @ts-expect-error: decorators of functions are AssemblyScript
@inline
export function gradientLine(from: usize, step: i32, to: usize, toStep: i32): void {
  const y0 = v128.load(from);
  const y1 = v128.load(from + step);
  const y2 = v128.load(from + 2 * step);
  const y3 = v128.load(from + 3 * step);
  const evenP = f32x4.add(y0, times(P2, y2));
  const oddP = f32x4.add(times(P, y1), times(P3, y3));
  const evenQ = f32x4.add(y0, times(Q2, y2));
  const oddQ = f32x4.add(times(Q, y1), times(Q3, y3));
  v128.store(to, y0);
  v128.store(to + toStep, f32x4.add(evenP, oddP));
  v128.store(to + 2 * toStep, f32x4.sub(evenP, oddP));
  v128.store(to + 3 * toStep, f32x4.add(evenQ, oddQ));
  v128.store(to + 4 * toStep, f32x4.sub(evenQ, oddQ));
  v128.store(to + 5 * toStep, y3);
}

/** Three taps of a filter to six points: G. */
// @ts-expect-error: decorators of functions are AssemblyScript
@inline
export function filterLine(from: usize, step: i32, to: usize, toStep: i32): void {
  const g0 = v128.load(from);
  const g1 = v128.load(from + step);
  const g2 = v128.load(from + 2 * step);
  const evenP = times(AT_P, f32x4.add(g0, times(P2, g2)));
  const oddP = times(AT_P * P, g1);
  const evenQ = times(AT_Q, f32x4.add(g0, times(Q2, g2)));
  const oddQ = times(AT_Q * Q, g1);
  v128.store(to, times(AT_ZERO, g0));
  v128.store(to + toStep, f32x4.add(evenP, oddP));
  v128.store(to + 2 * toStep, f32x4.sub(evenP, oddP));
  v128.store(to + 3 * toStep, f32x4.add(evenQ, oddQ));
  v128.store(to + 4 * toStep, f32x4.sub(evenQ, oddQ));
  v128.store(to + 5 * toStep, g2);
}

/** Six points to the gradient of three taps: Gᵀ. */
// @ts-expect-error: decorators of functions are AssemblyScript
@inline
export function tapLine(from: usize, step: i32, to: usize, toStep: i32): void {
  const s1 = v128.load(from + step);
  const s2 = v128.load(from + 2 * step);
  const s3 = v128.load(from + 3 * step);
  const s4 = v128.load(from + 4 * step);
  const evenP = times(AT_P, f32x4.add(s1, s2));
  const oddP = times(AT_P * P, f32x4.sub(s1, s2));
  const evenQ = times(AT_Q, f32x4.add(s3, s4));
  const oddQ = times(AT_Q * Q, f32x4.sub(s3, s4));
  const last = f32x4.add(times(P2, evenP), times(Q2, evenQ));
  v128.store(to, f32x4.add(times(AT_ZERO, v128.load(from)), f32x4.add(evenP, evenQ)));
  v128.store(to + toStep, f32x4.add(oddP, oddQ));
  v128.store(to + 2 * toStep, f32x4.add(last, v128.load(from + 5 * step)));
}
