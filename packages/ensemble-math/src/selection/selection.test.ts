import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { labelled } from '../../test/arbitraries.ts';
import { combine } from '../combine/combine.ts';
import { nll } from '../metrics/classification.ts';
import { loss, type Metric } from '../metrics/losses.ts';
import { memberOutputs, pickMembers, unstack, type Predictions } from '../shapes.ts';
import { convexWeights } from './convex-weights.ts';
import { dropWorstMembers } from './drop-worst.ts';
import { greedyMembers } from './greedy.ts';
import { bestMembers, lastMembers } from './simple.ts';

const kind = 'probabilities';
const lossesOf = (
  predictions: Predictions,
  labels: readonly number[],
  metric: Metric,
): readonly number[] =>
  predictions.members.map((_, m) => loss(metric, memberOutputs(predictions, m), labels, kind));

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
    const losses = lossesOf(predictions, labels, 'brier');
    const best = bestMembers(predictions, labels, { kind, count: losses.length, metric: 'brier' });
    expect(best.map((member) => losses[member])).toEqual([...losses].sort((a, b) => a - b));
  });
});

describe('greedyMembers', () => {
  test.prop([labelled])('do no worse than the best member', ([predictions, labels]) => {
    const { members, weights } = greedyMembers(predictions, labels, { kind, rounds: 8 });
    const pooled = combine(pickMembers(predictions, members), 'meanProbabilities', {
      kind,
      weights,
    });
    const best = Math.min(...lossesOf(predictions, labels, 'nll'));
    expect(nll(pooled, labels)).toBeLessThanOrEqual(best + 1e-12);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  });
});

describe('dropWorstMembers', () => {
  test.prop([labelled])('do no worse than all members', ([predictions, labels]) => {
    const { members, losses } = dropWorstMembers(predictions, labels, { kind });
    const pooled = combine(pickMembers(predictions, members), 'meanProbabilities', { kind });
    expect(nll(pooled, labels)).toBe(losses.at(-1));
    expect(losses.at(-1)).toBeLessThanOrEqual(losses[0]!);
  });

  it('goes on to the number asked for', () => {
    const good = [0.9, 0.1];
    const data = Float64Array.from([good, good, [0.1, 0.9]].flat());
    const predictions = unstack(data, { members: 3, rows: 1, classes: 2 });
    expect(dropWorstMembers(predictions, [0], { kind, keep: 1 }).members).toEqual([1]);
    expect(dropWorstMembers(predictions, [0], { kind }).members).toEqual([0, 1]);
  });
});

describe('convexWeights', () => {
  test.prop([labelled])(
    'are on the simplex, with the proof that none are better',
    ([p, labels]) => {
      for (const metric of ['nll', 'brier'] as const) {
        const { weights, loss, gap } = convexWeights(p, labels, { kind, metric });
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        // Nearly equal members among certain ones end at up to 2e-8 (12,000 draws); golden cases agree to 1e-12.
        expect(gap).toBeLessThan(1e-6);
        expect(loss).toBeLessThanOrEqual(Math.min(...lossesOf(p, labels, metric)) + 1e-6);
      }
    },
  );

  it('give all to the member that is always right', () => {
    const data = Float64Array.of(0.6, 0.4, 0.3, 0.7, 1, 0, 0, 1);
    const predictions = unstack(data, { members: 2, rows: 2, classes: 2 });
    expect(convexWeights(predictions, [0, 1], { kind }).weights).toEqual([0, 1]);
  });

  it('take members whose label has probability 0', () => {
    const data = Float64Array.of(0, 1, 1, 0, 1, 0, 0, 1);
    const predictions = unstack(data, { members: 2, rows: 2, classes: 2 });
    const { weights, loss } = convexWeights(predictions, [0, 0], { kind });
    expect(weights[0]).toBeCloseTo(0.5, 12);
    expect(loss).toBeCloseTo(Math.LN2, 12);
  });

  it('solve regression exactly: two members that err on opposite sides', () => {
    const predictions = unstack(Float64Array.of(1, 1, -3, -3), { members: 2, rows: 2, classes: 1 });
    const { weights, loss } = convexWeights(predictions, [0, 0], { kind: 'regression' });
    expect(weights[0]).toBeCloseTo(0.75, 12);
    expect(loss).toBeCloseTo(0, 12);
  });

  it('refuse NaN', () => {
    const predictions = unstack(Float64Array.of(NaN, 1), { members: 1, rows: 1, classes: 2 });
    expect(() => convexWeights(predictions, [0], { kind })).toThrow(RangeError);
    expect(() => convexWeights(predictions, [0, 0], { kind: 'regression' })).toThrow(RangeError);
  });
});
