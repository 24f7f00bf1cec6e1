import type { BundleDType } from '@snapshot-ensemble/ensemble-bundle';
import type { TensorData } from '../tensor.ts';

/** All bits of a half float's exponent: set in infinities and NaN alone. */
const HALF_EXPONENT = 0x7c00;

/** Rows `[0, rows)` that hold a NaN or an infinity; none where the dtype has neither. */
export function nonFiniteRows(
  dtype: BundleDType,
  data: TensorData,
  rows: number,
): readonly number[] {
  if (dtype === 'float32') {
    const values = data as Float32Array;
    return find(values.length, rows, (start, end) => !Number.isFinite(sum(values, start, end)));
  }
  if (dtype !== 'float16') return [];
  const bits = data as Uint16Array;
  return find(bits.length, rows, (start, end) => {
    for (let at = start; at < end; at++)
      if ((bits[at]! & HALF_EXPONENT) === HALF_EXPONENT) return true;
    return false;
  });
}

function find(
  length: number,
  rows: number,
  isBad: (start: number, end: number) => boolean,
): readonly number[] {
  if (!isBad(0, length)) return [];
  const size = length / rows;
  const bad: number[] = [];
  for (let row = 0; row < rows; row++) if (isBad(row * size, (row + 1) * size)) bad.push(row);
  return bad;
}

/**
 * One addition an element: the sum of float32 values, in doubles, is finite exactly where all of them are. Four sums, since one
 * would wait for itself.
 */
function sum(values: Float32Array, start: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let at = start;
  for (; at + 3 < end; at += 4) {
    a += values[at]!;
    b += values[at + 1]!;
    c += values[at + 2]!;
    d += values[at + 3]!;
  }
  for (; at < end; at++) a += values[at]!;
  // Two opposite infinities add up to NaN, so none gets lost.
  return a + b + c + d;
}
