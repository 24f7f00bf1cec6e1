import { describe, expect, it } from 'vitest';
import type { Predictions } from '../shapes.ts';
import { combine } from './combine.ts';

const two: Predictions = {
  members: [Float64Array.of(0.5, 0.5, 0.25, 0.75), Float64Array.of(1, 0, 0.75, 0.25)],
  rows: 2,
  classes: 2,
};

describe('combine', () => {
  it.each([
    ['meanProbabilities', [0.75, 0.25, 0.5, 0.5]],
    ['medianProbabilities', [0.75, 0.25, 0.5, 0.5]],
    // Row 0: member 0 is torn and votes for the lowest class.
    ['majorityVote', [1, 0, 0.5, 0.5]],
  ] as const)('%s of two members', (rule, expected) => {
    expect([...combine(two, rule).data]).toEqual(expected);
  });
});
