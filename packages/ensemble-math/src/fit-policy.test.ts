import { describe, expect, it } from 'vitest';
import { simulate } from '../test/simulate.ts';
import { applyPolicy, predictWithPolicy } from './apply-policy.ts';
import { fitTemperature, leastNllTemperature } from './calibration/fit-temperature.ts';
import { combine } from './combine/combine.ts';
import { fitPolicy, type FitPolicyOptions } from './fit-policy.ts';
import { nll } from './metrics/classification.ts';
import { meanPolicy, type EnsemblePolicy } from './policy.ts';
import { pickMembers, unstack } from './shapes.ts';
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

describe('fitPolicy refuses', () => {
  const broken = predictions.members[0]!.slice();
  broken[7] = NaN;
  const nan = { ...predictions, members: [broken, ...predictions.members.slice(1)] };
  const given = { kind, temperature: 1 } as const;

  it.each<[string, () => unknown, RegExp]>([
    ['NaN', () => fitPolicy(nan, labels, given), /member 0: row 1 holds a NaN/],
    ['NaN in regression', () => fitPolicy(nan, targets, { kind: 'regression' }), /is NaN/],
    [
      'a label too few',
      () => fitPolicy(predictions, Array.from(labels).slice(1), given),
      /labels has 599 values, expected 600/,
    ],
    [
      'a label that is no class',
      () =>
        fitPolicy(
          predictions,
          Array.from(labels, () => 9),
          given,
        ),
      /the label of row 0 is 9/,
    ],
    [
      'targets of another shape',
      () => fitPolicy(predictions, labels, { kind: 'regression' }),
      /targets \[rows, outputs\] = \[600, 4\] has 600 values/,
    ],
    [
      'a vote for regression',
      () => fitPolicy(predictions, targets, { kind: 'regression', combine: 'majorityVote' }),
      /rule 'majorityVote' does not apply to kind 'regression'/,
    ],
    [
      'an option that does not exist',
      () => fitPolicy(predictions, labels, { ...given, temprature: 2 } as FitPolicyOptions),
      /no option "temprature"\. Did you mean "temperature"/,
    ],
    ['logits as probabilities', () => fitPolicy(logits, labels, given), /not a distribution/],
    [
      'conformal sets of multi-label outputs',
      () =>
        fitPolicy(predictions, new Float64Array(2400), {
          kind: 'multi-label',
          conformal: { alpha: 0.1 },
        }),
      /multi-label' has no prediction sets/,
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe('the temperature', () => {
  it('of few rows that are all right stays 1: sharpening them is no evidence', () => {
    // Four rows of two members: the least NLL is at T = 0.01, which costs 3.8 nats a row elsewhere.
    const few = unstack(
      Float32Array.of(
        ...[0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.3, 0.7],
        ...[0.8, 0.2, 0.4, 0.6, 0.9, 0.1, 0.4, 0.6],
      ),
      { members: 2, rows: 4, classes: 2 },
    );
    expect(leastNllTemperature(combine(few, 'meanProbabilities', { kind }), [0, 1, 0, 1])).toBe(
      0.01,
    );
    expect(fitPolicy(few, [0, 1, 0, 1], { kind }).temperature).toBe(1);
  });

  it.each([10, 20, 50, 100])(
    'of %i rows costs little on new ones, and on average next to nothing',
    (rows) => {
      let gain = 0;
      for (let seed = 1; seed <= 40; seed++) {
        const fit = simulate({ seed, rows });
        const policy = fitPolicy(fit.predictions, fit.labels, { kind });
        const raw = { ...policy, temperature: 1 };
        const onNew = (used: typeof policy): number =>
          nll(predictWithPolicy(used, predictions).outputs, labels);
        const change = onNew(raw) - onNew(policy);
        expect(change).toBeGreaterThan(-0.35);
        gain += change / 40;
      }
      expect(gain).toBeGreaterThan(-0.02);
    },
  );
});

describe('selection lowers the loss of the rule that is applied', () => {
  /** Loss of the policy's members under its rule. */
  const lossOf = ({ members, weights, combine: rule }: EnsemblePolicy): number =>
    nll(combine(pickMembers(predictions, members), rule, { kind, weights }), labels);

  it.each(['meanLogits', 'geometricMean', 'medianProbabilities', 'majorityVote'] as const)(
    '%s',
    (rule) => {
      for (const select of [{ greedy: 8 }, 'dropWorst'] as const) {
        const fitted = fitPolicy(predictions, labels, { kind, select, combine: rule });
        const ofMean = fitPolicy(predictions, labels, { kind, select });
        expect(lossOf(fitted)).toBeLessThanOrEqual(lossOf({ ...ofMean, combine: rule }) + 1e-12);
      }
    },
  );

  it('convex weights of the geometric mean', () => {
    const options = { kind, select: 'convexWeights', temperature: 1 } as const;
    const geometric = lossOf(
      fitPolicy(predictions, labels, { ...options, combine: 'geometricMean' }),
    );
    const ofMean = fitPolicy(predictions, labels, options);
    expect(geometric).toBeLessThan(lossOf({ ...ofMean, combine: 'geometricMean' }));
    expect(() => fitPolicy(predictions, labels, { ...options, combine: 'majorityVote' })).toThrow(
      /nll' of rule 'majorityVote' is not convex/,
    );
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
