// @ts-check
import { expect, it } from 'vitest';
import { fromFloat16, toFloat16 } from './float16.mjs';

// Python's `struct.unpack('<H', struct.pack('<e', x))`.
it.each([
  [0, 0x0000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [1 / 3, 0x3555],
  [0.9999, 0x3c00],
  [1.0005, 0x3c01],
  [65504, 0x7bff],
  [2 ** -14, 0x0400],
  [2 ** -14 - 2 ** -25, 0x0400],
  [1e-5, 0x00a8],
  [2 ** -24, 0x0001],
  [2 ** -26, 0x0000],
  [-3.25e-6, 0x8037],
])('%d is %i', (value, half) => {
  expect(toFloat16([value])[0]).toBe(half);
});

it('gives back every finite half', () => {
  const halves = Uint16Array.from({ length: 1 << 16 }, (_, half) => half).filter(
    (half) => (half & 0x7c00) !== 0x7c00 && half !== 0x8000,
  );
  expect(toFloat16(fromFloat16(halves))).toEqual(halves);
});

it('keeps what is too large at the largest', () => {
  expect(fromFloat16(toFloat16([1e6, -1e6]))).toEqual(Float32Array.of(65504, -65504));
});
