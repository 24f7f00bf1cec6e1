import { Geometry } from './geometry';

/** The part of one window that lies inside the image, and where it starts. */
let first: i32 = 0;
let planes: i32 = 0;
let rows: i32 = 0;
let columns: i32 = 0;

/** Cuts the window of an output place to the image; `first` is its offset in bytes from the image's start. */
function cutWindow(g: Geometry, plane: i32, row: i32, column: i32): void {
  const front = plane * g.strideDepth - g.padFront;
  const top = row * g.strideHeight - g.padTop;
  const left = column * g.strideWidth - g.padLeft;
  const planeStart = max(0, front);
  const rowStart = max(0, top);
  const columnStart = max(0, left);
  planes = min(g.inDepth, front + g.filterDepth) - planeStart;
  rows = min(g.inHeight, top + g.filterHeight) - rowStart;
  columns = min(g.inWidth, left + g.filterWidth) - columnStart;
  first = ((planeStart * g.inHeight + rowStart) * g.inWidth + columnStart) * g.inChannels * 4;
}

function imageBytes(g: Geometry): i32 {
  return (g.inDepth * g.inHeight * g.inWidth * g.inChannels) << 2;
}

/** y[window] = the largest of the window; padding is never part of it. */
export function maxPool(g: Geometry, x: usize, y: usize): void {
  for (let b = 0; b < g.batch; b++) {
    for (let plane = 0; plane < g.outDepth; plane++) {
      for (let row = 0; row < g.outHeight; row++) {
        for (let column = 0; column < g.outWidth; column++) {
          cutWindow(g, plane, row, column);
          for (let channel = 0; channel < g.inChannels; channel++) {
            store<f32>(y, largest(g, x + first + (channel << 2)));
            y += 4;
          }
        }
      }
    }
    x += imageBytes(g);
  }
}

function largest(g: Geometry, x: usize): f32 {
  let best = -f32.MAX_VALUE * 2;
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const value = load<f32>(x + ((((p * g.inHeight + r) * g.inWidth + c) * g.inChannels) << 2));
        if (value > best) best = value;
      }
    }
  }
  return best;
}

/**
 * dx[place] = Σ over windows that contain the place of dy[window] · [place is the window's first maximum].
 * A window whose inputs are all −∞ or NaN passes no gradient on.
 */
export function maxPoolGradient(g: Geometry, x: usize, dy: usize, dx: usize): void {
  memory.fill(dx, 0, g.batch * imageBytes(g));
  for (let b = 0; b < g.batch; b++) {
    for (let plane = 0; plane < g.outDepth; plane++) {
      for (let row = 0; row < g.outHeight; row++) {
        for (let column = 0; column < g.outWidth; column++) {
          cutWindow(g, plane, row, column);
          routeWindow(g, x + first, dy, dx + first);
          dy += g.inChannels << 2;
        }
      }
    }
    x += imageBytes(g);
    dx += imageBytes(g);
  }
}

/** Adds one window's gradient to the place of its maximum, four channels at a time. */
function routeWindow(g: Geometry, x: usize, dy: usize, dx: usize): void {
  const pixelBytes = g.inChannels << 2;
  const rowBytes = g.inWidth * pixelBytes;
  const planeBytes = g.inHeight * rowBytes;
  const depth = planes;
  const height = rows;
  const width = columns;
  let channel = 0;
  for (; channel + 4 <= g.inChannels; channel += 4) {
    let best = f32x4.splat(-f32.MAX_VALUE * 2);
    let place = i32x4.splat(-1);
    for (let p = 0; p < depth; p++) {
      for (let r = 0; r < height; r++) {
        let offset = p * planeBytes + r * rowBytes;
        for (let c = 0; c < width; c++) {
          const value = v128.load(x + offset);
          const higher = f32x4.gt(value, best);
          best = v128.bitselect(value, best, higher);
          place = v128.bitselect(i32x4.splat(offset), place, higher);
          offset += pixelBytes;
        }
      }
    }
    const gradient = v128.load(dy);
    for (let p = 0; p < depth; p++) {
      for (let r = 0; r < height; r++) {
        let offset = p * planeBytes + r * rowBytes;
        for (let c = 0; c < width; c++) {
          const share = v128.and(gradient, i32x4.eq(place, i32x4.splat(offset)));
          v128.store(dx + offset, f32x4.add(v128.load(dx + offset), share));
          offset += pixelBytes;
        }
      }
    }
    x += 16;
    dy += 16;
    dx += 16;
  }
  for (; channel < g.inChannels; channel++) {
    let best = -f32.MAX_VALUE * 2;
    let place = -1;
    for (let p = 0; p < depth; p++) {
      for (let r = 0; r < height; r++) {
        for (let c = 0; c < width; c++) {
          const offset = p * planeBytes + r * rowBytes + c * pixelBytes;
          const value = load<f32>(x + offset);
          if (value > best) {
            best = value;
            place = offset;
          }
        }
      }
    }
    if (place >= 0) store<f32>(dx + place, load<f32>(dx + place) + load<f32>(dy));
    x += 4;
    dy += 4;
    dx += 4;
  }
}

/** dx[place] = Σ over windows that contain the place of dy[window] / (places of the window inside the image). */
export function averagePoolGradient(g: Geometry, dy: usize, dx: usize): void {
  memory.fill(dx, 0, g.batch * imageBytes(g));
  for (let b = 0; b < g.batch; b++) {
    for (let plane = 0; plane < g.outDepth; plane++) {
      for (let row = 0; row < g.outHeight; row++) {
        for (let column = 0; column < g.outWidth; column++) {
          cutWindow(g, plane, row, column);
          shareWindow(g, dy, dx + first);
          dy += g.inChannels << 2;
        }
      }
    }
    dx += imageBytes(g);
  }
}

function shareWindow(g: Geometry, dy: usize, dx: usize): void {
  const part: f32 = 1.0 / <f32>(planes * rows * columns);
  const parts = f32x4.splat(part);
  const pixelBytes = g.inChannels << 2;
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < rows; r++) {
      let target = dx + (p * g.inHeight + r) * g.inWidth * pixelBytes;
      for (let c = 0; c < columns; c++) {
        let channel = 0;
        for (; channel + 16 <= pixelBytes; channel += 16) {
          const share = f32x4.mul(v128.load(dy + channel), parts);
          v128.store(target + channel, f32x4.add(v128.load(target + channel), share));
        }
        for (; channel < pixelBytes; channel += 4) {
          const share = load<f32>(dy + channel) * part;
          store<f32>(target + channel, load<f32>(target + channel) + share);
        }
        target += pixelBytes;
      }
    }
  }
}
