import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { labelled } from '../../test/arbitraries.ts';
import { simulate } from '../../test/simulate.ts';
import { combine } from '../combine/combine.ts';
import { accuracy, mean } from '../metrics/classification.ts';
import { cascadeOrder, fitCascade } from './fit.ts';
import { runCascade, type CascadeOptions } from './run.ts';
import { pointOf, stagesOf } from './stages.ts';
import { costCurve } from './thresholds.ts';

const rule: CascadeOptions = { combine: 'meanProbabilities', kind: 'probabilities' };
const { predictions, labels } = simulate({ seed: 11, members: 4, rows: 500 });

describe('runCascade', () => {
  const order = [2, 0, 3, 1];

  it('is the whole ensemble where no threshold is reached', () => {
    const { outputs, membersUsed } = runCascade(
      predictions,
      { order, thresholds: [2, 2, 2] },
      rule,
    );
    expect(new Set(membersUsed)).toEqual(new Set([4]));
    const whole = combine(predictions, 'meanProbabilities', { kind: 'probabilities' }).data;
    outputs.data.forEach((value: number, i: number) => {
      expect(value).toBeCloseTo(whole[i]!, 14);
    });
  });

  it('is the first member where every threshold is', () => {
    const { outputs, membersUsed } = runCascade(
      predictions,
      { order, thresholds: [0.01, 0.01, 0.01] },
      rule,
    );
    expect(new Set(membersUsed)).toEqual(new Set([1]));
    expect(outputs.data).toEqual(predictions.members[2]);
  });

  it.each([
    ['a member twice', { order: [0, 0, 1, 2], thresholds: [1, 1, 1] }],
    ['a member too few', { order: [0, 1, 2], thresholds: [1, 1] }],
    ['a threshold too few', { order, thresholds: [1, 1] }],
  ])('refuses %s', (_, cascade) => {
    expect(() => runCascade(predictions, cascade, rule)).toThrow(RangeError);
  });
});

describe('fitCascade', () => {
  it('says of its rows what running it says', () => {
    const { cascade, point } = fitCascade(predictions, labels, {
      ...rule,
      target: { accuracyLoss: 0.03 },
    });
    const { outputs, membersUsed } = runCascade(predictions, cascade, rule);
    expect(accuracy(outputs, labels)).toBeCloseTo(point.accuracy, 14);
    expect(mean(Float64Array.from(membersUsed))).toBeCloseTo(point.cost, 14);
  });

  it('meets each kind of target', () => {
    const fit = (target: Parameters<typeof fitCascade>[2]['target']) =>
      fitCascade(predictions, labels, { ...rule, target });
    const { whole, curve } = fit({ accuracyLoss: 0.03 });
    expect(fit({ accuracyLoss: 0.03 }).point.accuracy).toBeGreaterThan(whole.accuracy - 0.03);
    expect(fit({ accuracy: 0.6 }).point.accuracy).toBeGreaterThanOrEqual(0.6);
    expect(fit({ cost: 2 }).point.cost).toBeLessThanOrEqual(2);
    expect(fit({ accuracyLoss: 0.03 }).point.cost).toBeLessThan(4);
    for (const key of ['cost', 'accuracy'] as const) {
      const values = curve.map((point) => point[key]);
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
    expect(() => fit({ accuracy: 0.999 })).toThrow(/reaches at most/);
    expect(() => fit({ cost: 0.5 })).toThrow(/the minimum is 1/);
  });

  it('starts with the member of least NLL', () => {
    const good = predictions.members[3]!.map((p, i) =>
      labels[Math.floor(i / 4)] === i % 4 ? 0.97 : 0.01 + 0 * p,
    );
    const better = { ...predictions, members: [...predictions.members.slice(0, 3), good] };
    expect(cascadeOrder(better, labels, rule)[0]).toBe(3);
  });

  // Two members have one threshold, so that all of them can be tried.
  test.prop([labelled])('is on the hull of all thresholds of two members', ([small, own]) => {
    const pair = { ...small, members: [small.members[0]!, small.members.at(-1)!] };
    const stages = stagesOf(pair, own, [0, 1], rule);
    const curve = costCurve(stages);
    const every = [1, ...stages[0]!.confidence].map((threshold) => pointOf(stages, [threshold]));
    for (const price of [0, 0.01, 0.1, 0.5]) {
      const worth = ({ accuracy: a, cost }: (typeof every)[number]): number => a - price * cost;
      expect(Math.max(...curve.map(worth))).toBeGreaterThanOrEqual(
        Math.max(...every.map(worth)) - 1e-6,
      );
    }
  });
});
