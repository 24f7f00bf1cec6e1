import { describe, expect, it } from 'vitest';
import type { Tensor } from './tensor.ts';
import { top } from './top.ts';

const probs = (values: readonly number[], dims: readonly number[]): Tensor => ({
  dtype: 'float32',
  data: Float32Array.from(values),
  dims,
});

describe('top', () => {
  it('ranks the classes of each row', () => {
    const ranked = top(probs([0.25, 0.5, 0.125, 0, 0, 1], [2, 3]), 2, ['ant', 'bee', 'cat']);
    expect(ranked).toEqual([
      [
        { index: 1, label: 'bee', value: 0.5 },
        { index: 0, label: 'ant', value: 0.25 },
      ],
      [
        { index: 2, label: 'cat', value: 1 },
        { index: 0, label: 'ant', value: 0 },
      ],
    ]);
  });

  it('gives no labels where there are none, and no more classes than there are', () => {
    expect(top(probs([1, 2], [1, 2]), 9)).toEqual([
      [
        { index: 1, value: 2 },
        { index: 0, value: 1 },
      ],
    ]);
  });

  it('makes two classes of a binary output', () => {
    expect(top(probs([0.75, 0.25], [2, 1]), 1, ['no', 'yes'])).toEqual([
      [{ index: 1, label: 'yes', value: 0.75 }],
      [{ index: 0, label: 'no', value: 0.75 }],
    ]);
  });

  it('refuses labels of something else, and no number', () => {
    expect(() => top(probs([1, 2], [1, 2]), 1, ['a'])).toThrow('1 labels for 2 classes');
    expect(() => top(probs([1, 2], [1, 2]), 0)).toThrow('k is 0');
  });
});
