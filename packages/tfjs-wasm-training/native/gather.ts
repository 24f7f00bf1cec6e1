/**
 * y[b, o, i, …] = x[b, o, indices[b, i], …], for x [batch, outer, places, slice] and indices [batch, picks].
 * `sliceBytes` is the size of the last axis in bytes; every index must lie in [0, places).
 */
export function gather(
  x: usize,
  indices: usize,
  y: usize,
  batch: i32,
  outer: i32,
  places: i32,
  sliceBytes: i32,
  picks: i32,
): void {
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      for (let pick = 0; pick < picks; pick++) {
        const index = load<i32>(indices + (pick << 2));
        memory.copy(y, x + index * sliceBytes, sliceBytes);
        y += sliceBytes;
      }
      x += places * sliceBytes;
    }
    indices += picks << 2;
  }
}
