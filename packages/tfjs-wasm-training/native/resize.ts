/** How a resized axis reads its source, as TensorFlow.js 4.22 does it: the two flags are never both set. */
function source(place: i32, from: i32, to: i32, alignCorners: bool, halfPixelCenters: bool): f32 {
  const aligned = alignCorners && to > 1;
  const ratio = <f32>(aligned ? from - 1 : from) / <f32>(aligned ? to - 1 : to);
  return halfPixelCenters ? ratio * (<f32>place + 0.5) : ratio * <f32>place;
}

function nearest(place: i32, from: i32, to: i32, alignCorners: bool, halfPixelCenters: bool): i32 {
  const at = source(place, from, to, alignCorners, halfPixelCenters);
  return max(0, min(from - 1, <i32>floor(alignCorners ? at + 0.5 : at)));
}

/** dx[source pixel] = Σ of dy over the pixels that show it. dy [batch, outHeight, outWidth, channels], dx [batch, inHeight, inWidth, channels]. */
export function resizeNearestGradient(
  dy: usize,
  dx: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  outHeight: i32,
  outWidth: i32,
  channels: i32,
  alignCorners: bool,
  halfPixelCenters: bool,
): void {
  memory.fill(dx, 0, (batch * inHeight * inWidth * channels) << 2);
  for (let b = 0; b < batch; b++) {
    for (let row = 0; row < outHeight; row++) {
      const y = nearest(row, inHeight, outHeight, alignCorners, halfPixelCenters);
      for (let column = 0; column < outWidth; column++) {
        const x = nearest(column, inWidth, outWidth, alignCorners, halfPixelCenters);
        addPixel(dy, dx + (((y * inWidth + x) * channels) << 2), channels, 1);
        dy += channels << 2;
      }
    }
    dx += (inHeight * inWidth * channels) << 2;
  }
}

/** dx[source pixel] = Σ of dy times the weight with which the pixel was read. Shapes as above. */
export function resizeBilinearGradient(
  dy: usize,
  dx: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  outHeight: i32,
  outWidth: i32,
  channels: i32,
  alignCorners: bool,
  halfPixelCenters: bool,
): void {
  memory.fill(dx, 0, (batch * inHeight * inWidth * channels) << 2);
  const shift: f32 = halfPixelCenters ? 0.5 : 0;
  for (let b = 0; b < batch; b++) {
    for (let row = 0; row < outHeight; row++) {
      const y = source(row, inHeight, outHeight, alignCorners, halfPixelCenters) - shift;
      const top = max(0, <i32>floor(y));
      const bottom = min(inHeight - 1, <i32>ceil(y));
      const down = y - <f32>top;
      for (let column = 0; column < outWidth; column++) {
        const x = source(column, inWidth, outWidth, alignCorners, halfPixelCenters) - shift;
        const left = max(0, <i32>floor(x));
        const right = min(inWidth - 1, <i32>ceil(x));
        const across = x - <f32>left;
        addPixel(
          dy,
          dx + (((top * inWidth + left) * channels) << 2),
          channels,
          (1 - down) * (1 - across),
        );
        addPixel(
          dy,
          dx + (((top * inWidth + right) * channels) << 2),
          channels,
          (1 - down) * across,
        );
        addPixel(
          dy,
          dx + (((bottom * inWidth + left) * channels) << 2),
          channels,
          down * (1 - across),
        );
        addPixel(dy, dx + (((bottom * inWidth + right) * channels) << 2), channels, down * across);
        dy += channels << 2;
      }
    }
    dx += (inHeight * inWidth * channels) << 2;
  }
}

function addPixel(from: usize, to: usize, channels: i32, weight: f32): void {
  const weights = f32x4.splat(weight);
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(v128.load(from), weights)));
    from += 16;
    to += 16;
  }
  for (; channel < channels; channel++) {
    store<f32>(to, load<f32>(to) + load<f32>(from) * weight);
    from += 4;
    to += 4;
  }
}
