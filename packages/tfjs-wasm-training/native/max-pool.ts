/**
 * dx[p] = Σ over windows w that contain p of dy[w] · [p is the first maximum of w]. All tensors [batch, height, width, channels].
 * Padding never wins: a window whose inputs are all −∞ or NaN passes no gradient on.
 */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  dx: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const image = (inHeight * inWidth * channels) << 2;
  const rowBytes = (inWidth * channels) << 2;
  const pixelBytes = channels << 2;
  memory.fill(dx, 0, batch * image);
  for (let b = 0; b < batch; b++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const top = outRow * strideHeight - padTop;
      const rowStart = max(0, top);
      const rowEnd = min(inHeight, top + filterHeight);
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const left = outColumn * strideWidth - padLeft;
        const columnStart = max(0, left);
        const rows = rowEnd - rowStart;
        const columns = min(inWidth, left + filterWidth) - columnStart;
        const offset = b * image + rowStart * rowBytes + columnStart * pixelBytes;
        routeWindow(x + offset, dx + offset, dy, rows, columns, rowBytes, channels);
        dy += pixelBytes;
      }
    }
  }
}

/** Adds one window's gradient to the place of its maximum, four channels at a time. */
function routeWindow(
  x: usize,
  dx: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  rowBytes: i32,
  channels: i32,
): void {
  const pixelBytes = channels << 2;
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const at = <usize>(channel << 2);
    let best = f32x4.splat(-f32.MAX_VALUE * 2);
    let place = i32x4.splat(-1);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const offset = row * rowBytes + column * pixelBytes;
        const value = v128.load(x + at + offset);
        const higher = f32x4.gt(value, best);
        best = v128.bitselect(value, best, higher);
        place = v128.bitselect(i32x4.splat(offset), place, higher);
      }
    }
    const gradient = v128.load(dy + at);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const offset = row * rowBytes + column * pixelBytes;
        const share = v128.and(gradient, i32x4.eq(place, i32x4.splat(offset)));
        const target = dx + at + offset;
        v128.store(target, f32x4.add(v128.load(target), share));
      }
    }
  }
  for (; channel < channels; channel++) {
    const at = <usize>(channel << 2);
    let best = -f32.MAX_VALUE * 2;
    let place = -1;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const offset = row * rowBytes + column * pixelBytes;
        const value = load<f32>(x + at + offset);
        if (value > best) {
          best = value;
          place = offset;
        }
      }
    }
    if (place >= 0) {
      const target = dx + at + place;
      store<f32>(target, load<f32>(target) + load<f32>(dy + at));
    }
  }
}
