import { copyFromPadded, copyToPadded, Geometry, paddedHeight, paddedWidth } from './geometry';

/** Depthwise: output channel c · multiplier + m reads input channel c only, and outChannels = inChannels · multiplier. */
function paddedBytes(g: Geometry): i32 {
  return (paddedHeight(g) * paddedWidth(g) * g.outChannels) << 2;
}

function wideBytes(g: Geometry): i32 {
  return (g.inHeight * g.inWidth * g.outChannels) << 2;
}

/** Bytes of scratch that each of the two gradients needs. */
export function depthwiseScratch(g: Geometry): i32 {
  return paddedBytes(g) + wideBytes(g);
}

/** dw[r, s, c, m] = Σ over images and output pixels of x[…, c] · dy[…, c · multiplier + m]. */
export function depthwiseFilterGradient(
  g: Geometry,
  x: usize,
  dy: usize,
  dw: usize,
  scratch: usize,
): void {
  const wide = scratch + paddedBytes(g);
  memory.fill(scratch, 0, paddedBytes(g));
  memory.fill(dw, 0, (g.filterHeight * g.filterWidth * g.outChannels) << 2);
  for (let b = 0; b < g.batch; b++) {
    let image = x;
    if (g.outChannels != g.inChannels) {
      repeatChannels(g, x, wide);
      image = wide;
    }
    copyToPadded(g, image, scratch, g.outChannels);
    let sums = dw;
    for (let r = 0; r < g.filterHeight; r++) {
      for (let s = 0; s < g.filterWidth; s++) {
        addTap(g, tapPlace(g, scratch, r, s), dy, sums);
        sums += g.outChannels << 2;
      }
    }
    x += (g.inHeight * g.inWidth * g.inChannels) << 2;
    dy += (g.outHeight * g.outWidth * g.outChannels) << 2;
  }
}

/** Where tap (r, s) of the first window lies in the padded image. */
function tapPlace(g: Geometry, padded: usize, r: i32, s: i32): usize {
  const pixel = r * g.dilationHeight * paddedWidth(g) + s * g.dilationWidth;
  return padded + ((pixel * g.outChannels) << 2);
}

function addTap(g: Geometry, image: usize, dy: usize, sums: usize): void {
  const pixelBytes = g.outChannels << 2;
  const step = g.strideWidth * pixelBytes;
  const rowStep = g.strideHeight * paddedWidth(g) * pixelBytes;
  const outRow = g.outWidth * pixelBytes;
  let channel = 0;
  for (; channel + 32 <= pixelBytes; channel += 32) {
    let s0 = v128.load(sums + channel);
    let s1 = v128.load(sums + channel, 16);
    for (let row = 0; row < g.outHeight; row++) {
      let p = image + row * rowStep + channel;
      let q = dy + row * outRow + channel;
      for (let column = 0; column < g.outWidth; column++) {
        s0 = f32x4.add(s0, f32x4.mul(v128.load(p), v128.load(q)));
        s1 = f32x4.add(s1, f32x4.mul(v128.load(p, 16), v128.load(q, 16)));
        p += step;
        q += pixelBytes;
      }
    }
    v128.store(sums + channel, s0);
    v128.store(sums + channel, s1, 16);
  }
  for (; channel < pixelBytes; channel += 4) {
    let sum = load<f32>(sums + channel);
    for (let row = 0; row < g.outHeight; row++) {
      let p = image + row * rowStep + channel;
      let q = dy + row * outRow + channel;
      for (let column = 0; column < g.outWidth; column++) {
        sum += load<f32>(p) * load<f32>(q);
        p += step;
        q += pixelBytes;
      }
    }
    store<f32>(sums + channel, sum);
  }
}

/** dx[…, c] = Σ over multiplier m and the taps that read the pixel of dy[…, c · multiplier + m] · w[r, s, c, m]. */
export function depthwiseInputGradient(
  g: Geometry,
  filter: usize,
  dy: usize,
  dx: usize,
  scratch: usize,
): void {
  const wide = scratch + paddedBytes(g);
  for (let b = 0; b < g.batch; b++) {
    memory.fill(scratch, 0, paddedBytes(g));
    let tap = filter;
    for (let r = 0; r < g.filterHeight; r++) {
      for (let s = 0; s < g.filterWidth; s++) {
        spreadTap(g, tap, dy, tapPlace(g, scratch, r, s));
        tap += g.outChannels << 2;
      }
    }
    if (g.outChannels == g.inChannels) {
      copyFromPadded(g, scratch, dx, g.outChannels);
    } else {
      copyFromPadded(g, scratch, wide, g.outChannels);
      sumChannels(g, wide, dx);
    }
    dy += (g.outHeight * g.outWidth * g.outChannels) << 2;
    dx += (g.inHeight * g.inWidth * g.inChannels) << 2;
  }
}

function spreadTap(g: Geometry, tap: usize, dy: usize, image: usize): void {
  const pixelBytes = g.outChannels << 2;
  const rowStep = g.strideHeight * paddedWidth(g) * pixelBytes;
  for (let row = 0; row < g.outHeight; row++) {
    let target = image + row * rowStep;
    for (let column = 0; column < g.outWidth; column++) {
      let channel = 0;
      for (; channel + 16 <= pixelBytes; channel += 16) {
        const share = f32x4.mul(v128.load(dy + channel), v128.load(tap + channel));
        v128.store(target + channel, f32x4.add(v128.load(target + channel), share));
      }
      for (; channel < pixelBytes; channel += 4) {
        const share = load<f32>(dy + channel) * load<f32>(tap + channel);
        store<f32>(target + channel, load<f32>(target + channel) + share);
      }
      dy += pixelBytes;
      target += g.strideWidth * pixelBytes;
    }
  }
}

function repeatChannels(g: Geometry, x: usize, wide: usize): void {
  const multiplier = g.outChannels / g.inChannels;
  for (let i = g.inHeight * g.inWidth * g.inChannels; i > 0; i--) {
    const value = load<f32>(x);
    for (let m = 0; m < multiplier; m++) {
      store<f32>(wide, value);
      wide += 4;
    }
    x += 4;
  }
}

function sumChannels(g: Geometry, wide: usize, dx: usize): void {
  const multiplier = g.outChannels / g.inChannels;
  for (let i = g.inHeight * g.inWidth * g.inChannels; i > 0; i--) {
    let sum: f32 = 0;
    for (let m = 0; m < multiplier; m++) {
      sum += load<f32>(wide);
      wide += 4;
    }
    store<f32>(dx, sum);
    dx += 4;
  }
}
