import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { labelled } from '../../test/arbitraries.ts';
import { combine } from '../combine/combine.ts';
import { nll } from '../metrics/classification.ts';
import { pickMembers, unstack } from '../shapes.ts';
import { convexWeights } from './convex-weights.ts';
import { dropWorstMembers } from './drop-worst.ts';
import { greedyMembers } from './greedy.ts';
import { bestMembers, lastMembers, memberLosses } from './simple.ts';

describe('lastMembers', () => {
  it('are the last, oldest first', () => {
    expect(lastMembers(6, 3)).toEqual([3, 4, 5]);
  });

  it.each([0, 7, 1.5])('refuses %f of 6', (count) => {
    expect(() => lastMembers(6, count)).toThrow(RangeError);
  });
});

describe('bestMembers', () => {
  test.prop([labelled])('come by their own loss', ([predictions, labels]) => {
    const losses = memberLosses(predictions, labels, 'brier');
    const best = bestMembers(predictions, labels, { count: losses.length, metric: 'brier' });
    expect(best.map((member) => losses[member])).toEqual([...losses].sort((a, b) => a - b));
  });
});

describe('greedyMembers', () => {
  test.prop([labelled])('do no worse than the best member', ([predictions, labels]) => {
    const { members, weights } = greedyMembers(predictions, labels, { rounds: 8 });
    const pooled = combine(pickMembers(predictions, members), 'meanProbabilities', { weights });
    const best = Math.min(...memberLosses(predictions, labels, 'nll'));
    expect(nll(pooled, labels)).toBeLessThanOrEqual(best + 1e-12);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  });
});

describe('dropWorstMembers', () => {
  test.prop([labelled])('do no worse than all members', ([predictions, labels]) => {
    const { members, losses } = dropWorstMembers(predictions, labels);
    const pooled = combine(pickMembers(predictions, members), 'meanProbabilities');
    expect(nll(pooled, labels)).toBe(losses.at(-1));
    expect(losses.at(-1)).toBeLessThanOrEqual(losses[0]!);
  });

  it('goes on to the number asked for', () => {
    const good = [0.9, 0.1];
    const data = Float64Array.from([good, good, [0.1, 0.9]].flat());
    const predictions = unstack(data, { members: 3, rows: 1, classes: 2 });
    expect(dropWorstMembers(predictions, [0], { keep: 1 }).members).toEqual([1]);
    expect(dropWorstMembers(predictions, [0]).members).toEqual([0, 1]);
  });
});

describe('convexWeights', () => {
  test.prop([labelled])(
    'are on the simplex, with the proof that none are better',
    ([p, labels]) => {
      for (const metric of ['nll', 'brier'] as const) {
        const { weights, loss, gap } = convexWeights(p, labels, { metric });
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        // Nearly equal members among certain ones end at up to 2e-8 (12,000 draws); golden cases agree to 1e-12.
        expect(gap).toBeLessThan(1e-6);
        expect(loss).toBeLessThanOrEqual(Math.min(...memberLosses(p, labels, metric)) + 1e-6);
      }
    },
  );

  it('give all to the member that is always right', () => {
    const data = Float64Array.of(0.6, 0.4, 0.3, 0.7, 1, 0, 0, 1);
    const predictions = unstack(data, { members: 2, rows: 2, classes: 2 });
    expect(convexWeights(predictions, [0, 1]).weights).toEqual([0, 1]);
  });

  it('take members whose label has probability 0', () => {
    const data = Float64Array.of(0, 1, 1, 0, 1, 0, 0, 1);
    const predictions = unstack(data, { members: 2, rows: 2, classes: 2 });
    const { weights, loss } = convexWeights(predictions, [0, 0]);
    expect(weights[0]).toBeCloseTo(0.5, 12);
    expect(loss).toBeCloseTo(Math.LN2, 12);
  });

  it('solve regression exactly: two members that err on opposite sides', () => {
    const predictions = unstack(Float64Array.of(1, 1, -3, -3), { members: 2, rows: 2, classes: 1 });
    const { weights, loss } = convexWeights(predictions, [0, 0], { metric: 'mse' });
    expect(weights[0]).toBeCloseTo(0.75, 12);
    expect(loss).toBeCloseTo(0, 12);
  });

  it('refuse NaN', () => {
    const predictions = unstack(Float64Array.of(NaN, 1), { members: 1, rows: 1, classes: 2 });
    expect(() => convexWeights(predictions, [0])).toThrow(RangeError);
    expect(() => convexWeights(predictions, [0, 0], { metric: 'mse' })).toThrow(RangeError);
  });
});
