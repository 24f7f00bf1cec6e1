import { describe, expect, it } from 'vitest';
import { simulate } from '../test/simulate.ts';
import { applyPolicy, predictWithPolicy } from './apply-policy.ts';
import { fitTemperature } from './calibration/fit-temperature.ts';
import { combine } from './combine/combine.ts';
import { fitPolicy, type FitPolicyOptions } from './fit-policy.ts';
import { nll } from './metrics/classification.ts';
import { meanPolicy } from './policy.ts';
import { memberVariance } from './uncertainty/variance.ts';
import { uncertainty } from './uncertainty/uncertainty.ts';

const kind = 'probabilities';
const { predictions, labels } = simulate({ seed: 21 });
const logits = { ...predictions, members: predictions.members.map((p) => p.map(Math.log)) };
const targets = Float64Array.from({ length: predictions.rows * predictions.classes }, (_, i) =>
  Math.sin(i),
);

describe('fitPolicy', () => {
  it('takes all members equally, with one temperature on what is pooled', () => {
    const pooled = combine(predictions, 'meanProbabilities', { kind });
    expect(fitPolicy(predictions, labels, { kind })).toEqual({
      ...meanPolicy('probabilities', [0, 1, 2, 3]),
      temperature: fitTemperature(pooled, labels),
    });
  });

  it.each<[string, Omit<FitPolicyOptions, 'kind'>, readonly number[]]>([
    ['the last', { select: { last: 2 } }, [2, 3]],
    ['as many of the best', { select: { best: 4 } }, [0, 1, 2, 3]],
    ['by greedy selection', { select: { greedy: 40 } }, [0, 1, 2, 3]],
    ['by dropping the worst', { select: 'dropWorst' }, [0, 1, 2, 3]],
    ['by convex weights', { select: 'convexWeights' }, [0, 1, 2, 3]],
  ])('chooses %s', (_, options, expected) => {
    const { members, weights } = fitPolicy(predictions, labels, { kind, ...options });
    expect(members).toEqual(expected);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  });

  it.each<[string, Omit<FitPolicyOptions, 'kind'>]>([
    ['a plain one', {}],
    ['everything', { cascade: { target: { cost: 2 } }, conformal: { method: 'aps', alpha: 0.1 } }],
    ['weights', { select: 'convexWeights', combine: 'geometricMean', temperature: 2 }],
  ])('is plain JSON: %s', (_, options) => {
    const policy = fitPolicy(predictions, labels, { kind, ...options });
    expect(JSON.parse(JSON.stringify(policy))).toEqual(policy);
  });

  it('says the same of logits as of their softmax', () => {
    const cascade = { target: { cost: 2 } };
    const fromLogits = fitPolicy(logits, labels, { kind: 'logits', cascade });
    const fromProbabilities = fitPolicy(predictions, labels, { kind, cascade });
    expect(fromLogits.kind).toBe('logits');
    expect(fromLogits.temperature).toBeCloseTo(fromProbabilities.temperature, 9);
    expect(fromLogits.cascade?.order).toEqual(fromProbabilities.cascade?.order);
  });

  it('calibrates: the NLL falls', () => {
    const policy = fitPolicy(predictions, labels, { kind });
    const before = predictWithPolicy({ ...policy, temperature: 1 }, predictions).outputs;
    const after = predictWithPolicy(policy, predictions).outputs;
    expect(nll(after, labels)).toBeLessThan(nll(before, labels));
  });

  it.each<[string, FitPolicyOptions]>([
    ['a temperature', { kind: 'regression', temperature: 2 }],
    ['a cascade', { kind: 'regression', cascade: { target: { cost: 1 } } }],
    [
      'a combine rule of classification',
      { kind: 'regression', combine: 'majorityVote', conformal: { alpha: 0.1 } },
    ],
    [
      'convex weights for absolute errors',
      { kind: 'regression', metric: 'mae', select: 'convexWeights' },
    ],
  ])('refuses %s in regression', (_, options) => {
    expect(() => fitPolicy(predictions, targets, options)).toThrow(RangeError);
  });
});

describe('applyPolicy', () => {
  it('gives what its parts give', () => {
    const policy = fitPolicy(predictions, labels, { kind, conformal: { alpha: 0.1 } });
    const result = applyPolicy(policy, predictions);
    expect(result.uncertainty).toEqual(uncertainty(predictions, { kind }));
    expect(result.outputs).toEqual(predictWithPolicy(policy, predictions).outputs);
    expect(result.sets?.rows).toBe(predictions.rows);
    expect(result.membersUsed).toBeUndefined();
  });

  it('gives the mean, the variance and the intervals of a regression', () => {
    const policy = fitPolicy(predictions, targets, {
      kind: 'regression',
      conformal: { alpha: 0.1 },
    });
    const result = applyPolicy(policy, predictions);
    expect(result.outputs).toEqual(combine(predictions, 'mean', { kind: 'regression' }));
    expect(result.variance).toEqual(memberVariance(predictions));
    expect(result.intervals?.lower.rows).toBe(predictions.rows);
  });

  it('says how many members ran, and leaves the members alone', () => {
    const before = predictions.members.map((values) => values.slice());
    const policy = fitPolicy(predictions, labels, { kind, cascade: { target: { cost: 2 } } });
    const { membersUsed } = applyPolicy(policy, predictions);
    expect(membersUsed?.reduce((sum, used) => sum + used, 0)).toBeLessThanOrEqual(
      2 * predictions.rows,
    );
    expect(predictions.members).toEqual(before);
  });

  it('leaves the members alone when the policy is one member at temperature 2', () => {
    const before = predictions.members[1]!.slice();
    applyPolicy({ ...meanPolicy('probabilities', [1]), temperature: 2 }, predictions);
    expect(predictions.members[1]).toEqual(before);
  });

  it('refuses a policy about members that are not there', () => {
    expect(() => applyPolicy(meanPolicy('probabilities', [4]), predictions)).toThrow(/no member 4/);
  });
});
