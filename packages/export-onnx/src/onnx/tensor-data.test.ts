import { describe, expect, it, vi } from 'vitest';
import { createTensorPool } from '../graph/tensor-pool.ts';
import type { TypedArray } from './dtype.ts';
import { derived, float32 } from './tensor-data.ts';

const doubled = () => vi.fn((x: TypedArray) => (x as Float32Array).map((value) => 2 * value));

describe('derived', () => {
  it('finds a small tensor equal to one that was made in another way', () => {
    const made = derived([float32([2], [1, 2])], 'doubled', [2], doubled());
    const pool = createTensorPool();
    pool.add('stored', float32([2], [2, 4]));
    expect(pool.find(made)).toBe('stored');
  });

  it.each([
    ['a large one', float32([5000], new Float32Array(5000).fill(1.5)), 5000],
    // Layers behind a refused one are tried with weights of no content.
    ['one of what is not there', { ...float32([], []), shape: [2], recipe: 'pretended' }, 0],
  ])('leaves %s until it is read', (_, source, length) => {
    const compute = doubled();
    const made = derived([source], 'doubled', source.shape, compute);
    expect(compute).not.toHaveBeenCalled();
    expect(made.read()).toEqual(new Float32Array(length).fill(3));
  });
});
