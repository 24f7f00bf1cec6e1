/** Turns a filter [height, width, in, out] into the filter [height, width, out, in] of the convolution that undoes it: both axes reversed. */
export function flipFilter(
  filter: usize,
  flipped: usize,
  taps: i32,
  inChannels: i32,
  outChannels: i32,
): void {
  const size = inChannels * outChannels;
  for (let tap = 0; tap < taps; tap++) {
    const from = filter + ((tap * size) << 2);
    const to = flipped + (((taps - 1 - tap) * size) << 2);
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) {
        store<f32>(
          to + ((o * inChannels + i) << 2),
          load<f32>(from + ((i * outChannels + o) << 2)),
        );
      }
    }
  }
}

/**
 * Writes dy [batch, outHeight, outWidth, channels] into zeros [batch, height, width, channels]: row i to row i · strideHeight + top,
 * columns alike. What falls outside is left out.
 */
export function spreadGradient(
  dy: usize,
  spread: usize,
  batch: i32,
  outHeight: i32,
  outWidth: i32,
  channels: i32,
  height: i32,
  width: i32,
  strideHeight: i32,
  strideWidth: i32,
  top: i32,
  left: i32,
): void {
  const pixelBytes = channels << 2;
  memory.fill(spread, 0, batch * height * width * pixelBytes);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < outHeight; i++) {
      const row = i * strideHeight + top;
      for (let j = 0; j < outWidth; j++) {
        const column = j * strideWidth + left;
        if (row >= 0 && row < height && column >= 0 && column < width) {
          memory.copy(spread + ((b * height + row) * width + column) * pixelBytes, dy, pixelBytes);
        }
        dy += pixelBytes;
      }
    }
  }
}
