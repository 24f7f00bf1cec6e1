import { describe, expect, it } from 'vitest';
import { findsMore, found, type Suspicion } from './unknown.ts';

const suspicion = (known: number[], unknown: number[]): Suspicion => ({
  name: 'test',
  known: Float64Array.from(known),
  unknown: Float64Array.from(unknown),
});

describe('found', () => {
  it.each([
    ['all', [1, 2], [3, 4], 1],
    ['none', [3, 4], [1, 2], 0],
    ['ties count half', [1, 1], [1, 2], 0.75],
  ])('%s', (_, known, unknown, share) => {
    expect(found(suspicion(known, unknown))).toBe(share);
  });
});

describe('findsMore', () => {
  it('is no difference, and sure of it, between a score and itself', () => {
    const one = suspicion([1, 2, 3, 4], [2, 5, 6, 7]);
    expect(findsMore(one, one)).toEqual({ gain: 0, lower: 0, upper: 0 });
  });

  // pROC's own example of a paired test has other data; here by hand: placements of 2 × 2 rows.
  it('has the variance of DeLong', () => {
    const ours = suspicion([0, 1], [2, 3]);
    const theirs = suspicion([0, 2], [1, 3]);
    // Placements of theirs: known 1 and 0.5, unknown 0.5 and 1; of ours all 1. Variances of the differences are 0.125.
    const error = Math.sqrt(0.125 / 2 + 0.125 / 2);
    const { gain, lower, upper } = findsMore(ours, theirs);
    expect(gain).toBe(0.25);
    expect(upper - gain).toBeCloseTo(1.959964 * error, 12);
    expect(gain - lower).toBeCloseTo(1.959964 * error, 12);
  });
});
