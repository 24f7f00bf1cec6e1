import { roundUp } from './geometry';
import { accumulateBlock } from './matrix';

/**
 * c [rows, columns] = a · b, for a [rows, shared], or [shared, rows] if transposed, and b [shared, columns], or [columns, shared].
 * Both are first copied to panels, four rows of a and eight columns of b wide, zeros where they are narrower. `scratch` has room for
 * the panels, rows rounded up to fours and columns to eights, and for 32 numbers.
 */
export function matMul(
  a: usize,
  b: usize,
  c: usize,
  scratch: usize,
  rows: i32,
  shared: i32,
  columns: i32,
  transposeA: bool,
  transposeB: bool,
): void {
  const block = scratch;
  const left = block + 128;
  const right = left + ((roundUp(rows, 4) * shared) << 2);
  pack(a, left, rows, shared, 4, transposeA ? 1 : shared, transposeA ? rows : 1);
  pack(b, right, columns, shared, 8, transposeB ? shared : 1, transposeB ? 1 : columns);
  for (let column = 0; column < columns; column += 8) {
    const width = min(8, columns - column);
    for (let row = 0; row < rows; row += 4) {
      memory.fill(block, 0, 128);
      const panelA = left + ((row * shared) << 2);
      const panelB = right + ((column * shared) << 2);
      accumulateBlock(panelA, 16, 0, panelB, 32, 0, 1, shared, block, 32);
      const height = min(4, rows - row);
      for (let r = 0; r < height; r++) {
        memory.copy(c + (((row + r) * columns + column) << 2), block + (r << 5), width << 2);
      }
    }
  }
}

/** Lines `lineStep` numbers apart, of numbers `step` apart, to panels: `width` lines side by side, then the next `width`. */
function pack(
  from: usize,
  to: usize,
  lines: i32,
  length: i32,
  width: i32,
  lineStep: i32,
  step: i32,
): void {
  for (let line = 0; line < lines; line += width) {
    const used = min(width, lines - line);
    if (used < width) memory.fill(to, 0, (length * width) << 2);
    const start = from + ((line * lineStep) << 2);
    for (let i = 0; i < length; i++) {
      let source = start + ((i * step) << 2);
      if (lineStep == 1) {
        memory.copy(to, source, used << 2);
      } else {
        for (let l = 0; l < used; l++) {
          store<f32>(to + (l << 2), load<f32>(source));
          source += lineStep << 2;
        }
      }
      to += width << 2;
    }
  }
}
