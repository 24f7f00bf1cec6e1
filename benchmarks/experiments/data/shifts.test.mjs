// @ts-check
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { shifts, uniformNoise } from './shifts.mjs';

// Made by scipy: fixtures/shifts.py
const golden = JSON.parse(readFileSync(new URL('fixtures/shifts.json', import.meta.url), 'utf8'));
const image = Uint8Array.from(golden.image);

it.each(['blur', 'rotation-15', 'rotation-30'])('%s is what scipy makes of an image', (name) => {
  const ours = shifts[name](image);
  const off = Array.from(ours, (byte, i) => Math.abs(byte - golden[name][i]));
  // A half may be rounded either way.
  expect(Math.max(...off)).toBeLessThanOrEqual(1);
  expect(off.filter((difference) => difference > 0).length).toBeLessThan(8);
});

it('every image is shifted on its own', () => {
  const two = Uint8Array.of(...image, ...image.map((byte) => 255 - byte));
  for (const name of ['blur', 'rotation-15', 'rotation-30'])
    expect(shifts[name](two).slice(0, 784)).toEqual(shifts[name](image));
});

it('noise has the deviation that it names, and is the same every time', () => {
  const grey = new Uint8Array(20 * 784).fill(128);
  const noisy = shifts['noise-0.2'](grey);
  expect(shifts['noise-0.2'](grey)).toEqual(noisy);
  const { mean, deviation } = momentsOf(noisy);
  expect(mean).toBeCloseTo(128, -1);
  // Clipping at 0 and 255 takes a little off 51.
  expect(deviation).toBeGreaterThan(48);
  expect(deviation).toBeLessThan(52);
});

it('uniform noise uses the whole range evenly', () => {
  const { mean, deviation } = momentsOf(uniformNoise(20));
  expect(mean).toBeGreaterThan(126);
  expect(mean).toBeLessThan(129);
  expect(deviation).toBeCloseTo(256 / Math.sqrt(12), -1);
});

/** @param {Uint8Array} values */
function momentsOf(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
