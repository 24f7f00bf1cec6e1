// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tasks } from '../tasks.mjs';
import { loadParts } from './load.mjs';

let folder = '';
/** Letters: 16 numbers a row, classes 0 to 3 in turn. */
const ROWS = { train: 40, validation: 12, test: 8 };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'experiments-'));
  const index = [];
  const chunks = [];
  let offset = 0;
  for (const [name, rows] of Object.entries(ROWS))
    for (const [part, bytes] of [
      [name, Buffer.alloc(rows * 16, 6)],
      [`${name}Labels`, Buffer.from(Array.from({ length: rows }, (_, row) => row % 4))],
    ]) {
      index.push({ name: part, type: 'uint8', offset, length: bytes.length });
      chunks.push(bytes);
      offset += bytes.length;
    }
  writeFileSync(join(folder, 'letters.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'letters.bin'), Buffer.concat(chunks));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** @param {object} change */
const load = (change) =>
  loadParts(folder, { ...tasks['letters-mlp'], train: 20, validation: 6, ...change });

it('gives as many rows as the task has, scaled', () => {
  const { train, validation, test } = load({});
  expect([train.rows, validation.rows, test.rows]).toEqual([20, 6, 8]);
  expect(train.inputs).toEqual(new Float32Array(320).fill(-0.5));
});

it('leaves classes out of every part and makes them the unknown inputs', () => {
  const { train, validation, test, ...more } = load({ seen: 3 });
  for (const { labels } of [train, validation, test])
    expect(Math.max(...(labels ?? [9]))).toBeLessThan(3);
  expect([test.rows, more['unknown:held-out']?.rows]).toEqual([6, 2]);
});

it('names the part that has fewer rows than the task takes', () => {
  expect(() => load({ seen: 3, validation: 10 })).toThrow(
    'The part "validation" has 9 rows of the classes seen; the task takes 10.',
  );
});

it('takes of Fashion-MNIST no more rows than are left of eight classes', () => {
  // 5,000 validation rows are stored, 1,004 of them of the last two classes.
  expect(tasks['fashion-cnn-held-out'].validation).toBe(3_996);
});
