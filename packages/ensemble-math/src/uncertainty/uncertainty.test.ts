import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { probabilities } from '../../test/arbitraries.ts';
import { combine } from '../combine/combine.ts';
import { memberOutputs, pickMembers, unstack } from '../shapes.ts';
import { softmax } from '../softmax.ts';
import { entropy } from './entropy.ts';
import { uncertainty } from './uncertainty.ts';
import { memberVariance } from './variance.ts';

const kind = 'probabilities';

/** Members are float32: a row of probability 1 may sum to 1 + 1e-7. */
const rounding = 1e-6;

describe('uncertainty', () => {
  test.prop([probabilities])('keeps entropies within [0, ln C]', (predictions) => {
    const { predictiveEntropy, expectedEntropy } = uncertainty(predictions, { kind });
    for (const value of [...predictiveEntropy, ...expectedEntropy]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(Math.log(predictions.classes) + rounding);
    }
  });

  test.prop([probabilities])('never has negative mutual information', (predictions) => {
    for (const value of uncertainty(predictions, { kind }).mutualInformation) {
      expect(value).toBeGreaterThanOrEqual(0);
    }
  });

  test.prop([probabilities])('is the entropy of the mean', (predictions) => {
    const mean = combine(predictions, 'meanProbabilities', { kind });
    uncertainty(predictions, { kind }).predictiveEntropy.forEach((value, row) => {
      expect(value).toBeCloseTo(entropy(mean)[row]!, 12);
    });
  });

  test.prop([probabilities])('is without mutual information where members agree', (predictions) => {
    for (const value of uncertainty(pickMembers(predictions, [0, 0, 0]), { kind })
      .mutualInformation) {
      expect(value).toBeLessThan(1e-12);
    }
  });

  it('is one bit where two members are sure of two different classes', () => {
    const opposed = unstack(Float64Array.of(1, 0, 0, 1), { members: 2, rows: 1, classes: 2 });
    const { predictiveEntropy, expectedEntropy, mutualInformation } = uncertainty(opposed, {
      kind,
    });
    expect(predictiveEntropy[0]).toBeCloseTo(Math.LN2, 15);
    expect(expectedEntropy[0]).toBe(0);
    expect(mutualInformation[0]).toBeCloseTo(Math.LN2, 15);
  });

  it('of logits is that of their softmax', () => {
    const logits = unstack(Float64Array.of(1, 2, 0, -3), { members: 2, rows: 1, classes: 2 });
    const probable = {
      ...logits,
      members: [0, 1].map((m) => softmax(memberOutputs(logits, m)).data),
    };
    expect(uncertainty(logits, { kind: 'logits' })).toEqual(uncertainty(probable, { kind }));
  });

  it('refuses NaN and logits in the place of probabilities', () => {
    const of = (...values: number[]): unknown =>
      uncertainty(unstack(Float64Array.from(values), { members: 1, rows: 1, classes: 2 }), {
        kind,
      });
    expect(() => of(NaN, 1)).toThrow(/holds a NaN/);
    expect(() => of(3, 2)).toThrow(/kind: 'logits'/);
  });
});

describe('memberVariance', () => {
  test.prop([probabilities])('is never negative, and 0 of one member', (predictions) => {
    expect(Math.min(...memberVariance(predictions).data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...memberVariance(pickMembers(predictions, [0])).data)).toBe(0);
  });
});
