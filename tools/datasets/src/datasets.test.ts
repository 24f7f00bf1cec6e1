import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadFashionMnist, loadFashionSubset, loadMnist, parseIdx, sliceDataset } from './index.ts';

const header = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3];

describe('parseIdx', () => {
  it('reads shape and elements', () => {
    const { shape, data } = parseIdx(Uint8Array.from([...header, 1, 2, 3, 4, 5, 6]), 'file');
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ['empty', [], 'it has 0 bytes'],
    ['another magic', [1, 0, 8, 0], 'two zero bytes'],
    ['floats', [0, 0, 0x0d, 0], 'element type is 13'],
    ['a cut header', [0, 0, 8, 2, 0, 0], 'ends inside its header'],
    ['a missing element', [...header, 1, 2, 3, 4, 5], '2×3 needs 18 bytes, it has 17'],
    ['an extra element', [...header, 1, 2, 3, 4, 5, 6, 7], '2×3 needs 18 bytes, it has 19'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdx(Uint8Array.from(bytes), 'file')).toThrow(message);
  });
});

describe('loadMnist', () => {
  // Counts per class as published with the data set (LeCun, Cortes, Burges).
  it.each([
    ['train', 60_000, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]],
    ['test', 10_000, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]],
  ] as const)('loads the %s images', async (split, count, perClass) => {
    const dataset = await loadMnist(split);
    expect([dataset.count, dataset.height, dataset.width]).toEqual([count, 28, 28]);
    const counts = Array<number>(10).fill(0);
    for (const label of dataset.labels) counts[label]! += 1;
    expect(counts).toEqual(perClass);
    expect(dataset.images.length).toBe(count * 784);
    let lowest = Infinity;
    let highest = -Infinity;
    for (const pixel of dataset.images.subarray(0, 100 * 784)) {
      lowest = Math.min(lowest, pixel);
      highest = Math.max(highest, pixel);
    }
    expect([lowest, highest]).toEqual([0, 1]);
  });

  it('slices without copying', async () => {
    const dataset = await loadMnist('test');
    const part = sliceDataset(dataset, 10, 13);
    expect(part.count).toBe(3);
    expect([...part.labels]).toEqual([...dataset.labels.slice(10, 13)]);
    expect(part.images.buffer).toBe(dataset.images.buffer);
    expect(() => sliceDataset(dataset, 5, 10_001)).toThrow('[5, 10001) of 10000');
  });
});

describe('loadFashionMnist', () => {
  it('says how to install what is missing', async () => {
    await expect(loadFashionMnist('test', '/nowhere')).rejects.toThrow(
      'apt-get install dataset-fashion-mnist',
    );
  });
});

describe('loadFashionSubset', () => {
  const folder = new URL('../fashion/', import.meta.url);

  it('has the contents that its list of checksums names', async () => {
    const list = await readFile(new URL('SHA256SUMS', folder), 'utf8');
    const lines = list.trim().split('\n');
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const [sum, name] = line.split('  ');
      const content = brotliDecompressSync(await readFile(new URL(`${name!}.br`, folder)));
      expect(createHash('sha256').update(content).digest('hex'), name).toBe(sum);
    }
  });

  // The official files hold 1,000 test images of each class; the other parts are drawn at random.
  it.each([
    ['train', 5_000],
    ['validation', 2_500],
    ['test', 10_000],
  ] as const)('loads the %s images', async (part, count) => {
    const { labels, images, ...dataset } = await loadFashionSubset(part);
    expect(dataset).toMatchObject({ count, height: 28, width: 28 });
    expect(images).toHaveLength(count * 784);
    const perClass = Array.from(
      { length: 10 },
      (_, label) => labels.filter((at) => at === label).length,
    );
    for (const number of perClass)
      expect(Math.abs(number - count / 10)).toBeLessThan(
        part === 'test' ? 1 : 5 * Math.sqrt(count / 10),
      );
  });
});
