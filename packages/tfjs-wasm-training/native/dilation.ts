import { Geometry } from './geometry';

/** Where the window of an output number has its largest x + filter: offsets in numbers, −1 if the window is outside. */
let inputPlace: i32 = -1;
let filterPlace: i32 = -1;
let largest: f32 = 0;

function search(g: Geometry, x: usize, filter: usize, row: i32, column: i32, channel: i32): void {
  inputPlace = -1;
  filterPlace = -1;
  largest = -f32.MAX_VALUE;
  for (let r = 0; r < g.filterHeight; r++) {
    const y = row * g.strideHeight - g.padTop + r * g.dilationHeight;
    if (y < 0 || y >= g.inHeight) continue;
    for (let s = 0; s < g.filterWidth; s++) {
      const across = column * g.strideWidth - g.padLeft + s * g.dilationWidth;
      if (across < 0 || across >= g.inWidth) continue;
      const input = (y * g.inWidth + across) * g.inChannels + channel;
      const tap = (r * g.filterWidth + s) * g.inChannels + channel;
      const value = load<f32>(x + (input << 2)) + load<f32>(filter + (tap << 2));
      if (value > largest) {
        largest = value;
        inputPlace = input;
        filterPlace = tap;
      }
    }
  }
}

/** y[row, column, c] = the largest of x + filter[r, s, c] over the window: greyscale dilation. */
export function dilation(g: Geometry, x: usize, filter: usize, y: usize): void {
  for (let b = 0; b < g.batch; b++) {
    for (let row = 0; row < g.outHeight; row++) {
      for (let column = 0; column < g.outWidth; column++) {
        for (let channel = 0; channel < g.inChannels; channel++) {
          search(g, x, filter, row, column, channel);
          store<f32>(y, largest);
          y += 4;
        }
      }
    }
    x += (g.inHeight * g.inWidth * g.inChannels) << 2;
  }
}

/** dx: each output's gradient goes to the pixel that made it. */
export function dilationInputGradient(
  g: Geometry,
  x: usize,
  filter: usize,
  dy: usize,
  dx: usize,
): void {
  const imageBytes = (g.inHeight * g.inWidth * g.inChannels) << 2;
  memory.fill(dx, 0, g.batch * imageBytes);
  for (let b = 0; b < g.batch; b++) {
    for (let row = 0; row < g.outHeight; row++) {
      for (let column = 0; column < g.outWidth; column++) {
        for (let channel = 0; channel < g.inChannels; channel++) {
          search(g, x, filter, row, column, channel);
          if (inputPlace >= 0) add(dx + (inputPlace << 2), load<f32>(dy));
          dy += 4;
        }
      }
    }
    x += imageBytes;
    dx += imageBytes;
  }
}

/** dw: each output's gradient goes to the tap that made it. */
export function dilationFilterGradient(
  g: Geometry,
  x: usize,
  filter: usize,
  dy: usize,
  dw: usize,
): void {
  memory.fill(dw, 0, (g.filterHeight * g.filterWidth * g.inChannels) << 2);
  for (let b = 0; b < g.batch; b++) {
    for (let row = 0; row < g.outHeight; row++) {
      for (let column = 0; column < g.outWidth; column++) {
        for (let channel = 0; channel < g.inChannels; channel++) {
          search(g, x, filter, row, column, channel);
          if (filterPlace >= 0) add(dw + (filterPlace << 2), load<f32>(dy));
          dy += 4;
        }
      }
    }
    x += (g.inHeight * g.inWidth * g.inChannels) << 2;
  }
}

function add(target: usize, value: f32): void {
  store<f32>(target, load<f32>(target) + value);
}
