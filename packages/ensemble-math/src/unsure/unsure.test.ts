import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../test/simulate.ts';
import { applyPolicy } from '../apply-policy.ts';
import { fitPolicy } from '../fit-policy.ts';
import { auroc } from '../metrics/auroc.ts';
import { meanPolicy, type AbstainScore, type EnsemblePolicy } from '../policy.ts';
import { sliceRows, type Predictions } from '../shapes.ts';
import { riskCoverage } from './risk-coverage.ts';
import { unknownInputs } from './unknown-inputs.ts';
import { unsureness } from './unsureness.ts';

const { predictions: inside, labels } = simulate({ seed: 41, rows: 400 });
/** Rows without a class: what members see is noise, of which each has its own. */
const outside = simulate({ seed: 42, rows: 300, noise: 4 }).predictions;
const policy = meanPolicy('probabilities', [0, 1, 2, 3]);
const asLogits = ({ members, ...shape }: Predictions): Predictions => ({
  ...shape,
  members: members.map((values) => values.map(Math.log)),
});

describe('unknownInputs', () => {
  it('has every score of the kind, the best first, with its interval', () => {
    const scores = unknownInputs(inside, outside, policy, { resamples: 99 });
    expect(scores.map(({ score }) => score).sort()).toEqual([
      'entropy',
      'largestProbability',
      'mutualInformation',
    ]);
    const aurocs = scores.map((score) => score.auroc.estimate);
    expect(aurocs).toEqual([...aurocs].sort((a, b) => b - a));
    for (const { auroc: area, fprAt95 } of scores) {
      for (const { estimate, lower, upper } of [area, fprAt95]) {
        expect(lower).toBeLessThanOrEqual(estimate);
        expect(upper).toBeGreaterThanOrEqual(estimate);
      }
    }
  });

  it('has energy where logits are', () => {
    const scores = unknownInputs(
      asLogits(inside),
      asLogits(outside),
      { ...policy, kind: 'logits' },
      { resamples: 9 },
    );
    expect(scores.map(({ score }) => score)).toContain('energy');
  });

  it('finds disagreement best where members disagree about what they do not know', () => {
    expect(unknownInputs(inside, outside, policy, { resamples: 9 })[0]!.score).toBe(
      'mutualInformation',
    );
  });

  it('is ½ and 0.95 where both sides are the same', () => {
    for (const { auroc: area, fprAt95 } of unknownInputs(inside, inside, policy, {
      resamples: 9,
    })) {
      expect(area.estimate).toBeCloseTo(0.5, 12);
      expect(fprAt95.estimate).toBeCloseTo(0.95, 2);
    }
  });

  it('agrees with auroc', () => {
    for (const { score, auroc: area } of unknownInputs(inside, outside, policy, { resamples: 9 })) {
      const values = [...unsureness(policy, inside, score), ...unsureness(policy, outside, score)];
      const positives = values.map((_, i) => (i < inside.rows ? 0 : 1));
      expect(area.estimate).toBeCloseTo(auroc(values, positives), 12);
    }
  });

  it('refuses sides without rows', () => {
    expect(() => unknownInputs(inside, sliceRows(inside, 0, 0), policy)).toThrow(/no rows/);
  });
});

describe('riskCoverage', () => {
  it('hands the least sure over first', () => {
    const { points, aurc } = riskCoverage([3, 1, 2, 4], [1, 0, 0, 1], {
      coverages: [0.5, 0.75, 1],
    });
    expect(points.map(({ risk }) => risk)).toEqual([0, 1 / 3, 0.5]);
    expect(aurc).toBeCloseTo((0 + 0 + 1 / 3 + 0.5) / 4, 15);
  });

  test.prop([
    fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(0, 1)), {
      minLength: 1,
      maxLength: 12,
    }),
  ])('does not depend on the order of rows, and ends at the mean', (rows) => {
    const of = (list: typeof rows) =>
      riskCoverage(
        list.map(([u]) => u),
        list.map(([, l]) => l),
      );
    const there = of(rows);
    expect(of(rows.toReversed()).aurc).toBeCloseTo(there.aurc, 12);
    const mean = rows.reduce((sum, [, loss]) => sum + loss, 0) / rows.length;
    expect(there.points.at(-1)!.risk).toBeCloseTo(mean, 12);
  });

  it.each([
    ['a coverage of 0', () => riskCoverage([1], [1], { coverages: [0] })],
    ['NaN', () => riskCoverage([NaN], [1])],
    ['a loss too few', () => riskCoverage([1, 2], [1])],
    ['no rows', () => riskCoverage([], [])],
  ])('refuses %s', (_, run) => {
    expect(run).toThrow(RangeError);
  });
});

describe('abstention', () => {
  /** Logits whose sum of exponentials is not 1. */
  const shifted = (logits: Predictions): Predictions => ({
    ...logits,
    members: logits.members.map((values) => values.map((z, i) => z + Math.sin(Math.floor(i / 4)))),
  });
  const regression = {
    members: [0.1, 0.4].map((by) =>
      Float64Array.from({ length: 50 }, (_, i) => Math.sin(i) * by * i),
    ),
    rows: 50,
    classes: 1,
  };
  const ofScore = (score: AbstainScore, share: number): readonly [EnsemblePolicy, Predictions] => {
    const abstain = { score, share };
    if (score === 'variance') {
      return [
        fitPolicy(regression, regression.members[0]!, { kind: 'regression', abstain }),
        regression,
      ];
    }
    const kind = score === 'energy' ? 'logits' : 'probabilities';
    const values = score === 'energy' ? shifted(asLogits(inside)) : inside;
    return [fitPolicy(values, labels, { kind, abstain }), values];
  };

  it.each(['largestProbability', 'entropy', 'mutualInformation', 'energy', 'variance'] as const)(
    '%s refuses as many known rows as may be refused',
    (score) => {
      const [fitted, values] = ofScore(score, 0.1);
      const { abstain } = applyPolicy(fitted, values);
      const refused = abstain!.reduce((sum, flag) => sum + flag, 0);
      expect(refused / values.rows).toBe(fitted.abstain!.share);
      expect(refused / values.rows).toBeLessThanOrEqual(0.1);
      expect(refused / values.rows).toBeGreaterThan(0.07);
      const unsure = unsureness(fitted, values, score);
      const sureOf = (flag: number): number[] =>
        [...unsure].filter((_, row) => abstain![row] === flag);
      expect(Math.max(...sureOf(0))).toBeLessThanOrEqual(Math.min(...sureOf(1)));
    },
  );

  it('refuses unknown rows more often', () => {
    const [fitted] = ofScore('mutualInformation', 0.05);
    const { abstain } = applyPolicy(fitted, outside);
    expect(abstain!.reduce((sum, flag) => sum + flag, 0) / outside.rows).toBeGreaterThan(0.15);
  });

  it('with a cascade is about the members that ran', () => {
    const options = { kind: 'probabilities', cascade: { target: { cost: 2 } } } as const;
    const fitted = fitPolicy(inside, labels, {
      ...options,
      abstain: { score: 'mutualInformation', share: 0.1 },
    });
    const { abstain, membersUsed, uncertainty } = applyPolicy(fitted, inside);
    membersUsed!.forEach((used, row) => {
      if (used > 1) return;
      // One member does not disagree with itself.
      expect(uncertainty!.mutualInformation[row]).toBe(0);
      expect(abstain![row]).toBe(0);
    });
    expect(fitted.abstain!.share).toBeGreaterThan(0.05);
  });

  it('survives float32: no row changes sides', () => {
    const [fitted] = ofScore('entropy', 0.2);
    const rounded = {
      ...inside,
      members: inside.members.map((values) => Float32Array.from(values)),
    };
    expect(applyPolicy(fitted, rounded).abstain).toEqual(applyPolicy(fitted, inside).abstain);
  });

  it.each<[string, AbstainScore, number]>([
    ['energy without logits', 'energy', 0.1],
    ['variance of classes', 'variance', 0.1],
    ['a share of 1', 'entropy', 1],
  ])('refuses %s', (_, score, share) => {
    expect(() =>
      fitPolicy(inside, labels, { kind: 'probabilities', abstain: { score, share } }),
    ).toThrow(RangeError);
  });
});
