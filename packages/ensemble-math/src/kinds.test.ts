import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { weightsFor } from '../test/arbitraries.ts';
import { simulate } from '../test/simulate.ts';
import { applyPolicy, predictWithPolicy } from './apply-policy.ts';
import { applyTemperature } from './calibration/temperature.ts';
import { combine } from './combine/combine.ts';
import { fitPolicy } from './fit-policy.ts';
import { membersAsClasses, type OutputKind } from './kinds.ts';
import { meanPolicy, type CombineRule, type EnsemblePolicy } from './policy.ts';
import { memberOutputs, type Predictions } from './shapes.ts';
import { uncertainty } from './uncertainty/uncertainty.ts';

const rules = [
  'meanProbabilities',
  'meanLogits',
  'geometricMean',
  'medianProbabilities',
  'majorityVote',
] as const satisfies readonly CombineRule[];

const twoSided: fc.Arbitrary<Predictions> = fc
  .record({
    members: fc.integer({ min: 1, max: 5 }),
    rows: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ members, rows, classes }) => {
    const value = fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }));
    const size = { minLength: rows * classes, maxLength: rows * classes };
    return fc
      .array(
        fc.array(value, size).map((all) => Float32Array.from(all)),
        { minLength: members, maxLength: members },
      )
      .map((all) => ({ members: all, rows, classes }));
  });
const weighted = twoSided.chain((p) => fc.tuple(fc.constant(p), weightsFor(p.members.length)));

describe.each(rules)('%s of two-sided values', (rule) => {
  test.prop([weighted])('is that of classes 0 and 1', ([predictions, weights]) => {
    const { data } = combine(predictions, rule, { kind: 'multi-label', weights });
    const classes = membersAsClasses('multi-label', predictions);
    const both = combine(classes, rule, { kind: 'probabilities', weights }).data;
    data.forEach((value: number, i: number) => {
      expect(value).toBeCloseTo(both[2 * i + 1]!, 9);
    });
  });
});

test.prop([twoSided, fc.double({ min: 0.1, max: 10, noNaN: true })])(
  'temperature acts on the log-odds',
  (predictions, temperature) => {
    const outputs = memberOutputs(predictions, 0);
    const classes = memberOutputs(membersAsClasses('multi-label', predictions), 0);
    const { data } = applyTemperature(outputs, temperature, { kind: 'multi-label' });
    const both = applyTemperature(classes, temperature).data;
    data.forEach((value: number, i: number) => {
      expect(value).toBeCloseTo(both[2 * i + 1]!, 9);
    });
  },
);

test.prop([twoSided])('multi-label uncertainty is the mean over labels', (predictions) => {
  const row = uncertainty(predictions, { kind: 'multi-label' });
  const each = uncertainty(membersAsClasses('multi-label', predictions), { kind: 'probabilities' });
  const columns = predictions.classes;
  for (const part of ['predictiveEntropy', 'mutualInformation'] as const) {
    row[part].forEach((value, i) => {
      const own = each[part].slice(i * columns, (i + 1) * columns);
      expect(value).toBeCloseTo(own.reduce((sum, one) => sum + one, 0) / columns, 12);
    });
  }
});

/** Two classes of the simulation as the probability of the second. */
const twoClasses = simulate({ seed: 8, classes: 2, rows: 400 });
const binary: Predictions = {
  rows: 400,
  classes: 1,
  members: twoClasses.predictions.members.map((values) =>
    values.filter((_: number, i: number) => i % 2 === 1),
  ),
};

describe('a binary policy', () => {
  it.each<[string, Omit<Parameters<typeof fitPolicy>[2], 'kind'>]>([
    ['plain', {}],
    ['greedy under a rule', { select: { greedy: 5 }, combine: 'geometricMean' }],
    ['with a cascade', { cascade: { target: { cost: 2 } } }],
    ['with sets', { conformal: { alpha: 0.1, method: 'aps', classConditional: true } }],
  ])('says the same as one of two classes: %s', (_, options) => {
    const one = fitPolicy(binary, twoClasses.labels, { kind: 'binary', ...options });
    const two = fitPolicy(twoClasses.predictions, twoClasses.labels, {
      kind: 'probabilities',
      ...options,
    });
    expect(one.kind).toBe('binary');
    expect(one.members).toEqual(two.members);
    expect(one.temperature).toBeCloseTo(two.temperature, 9);
    const ofOne = applyPolicy(one, binary);
    const ofTwo = applyPolicy(two, twoClasses.predictions);
    ofOne.outputs.data.forEach((value: number, i: number) => {
      expect(value).toBeCloseTo(ofTwo.outputs.data[2 * i + 1]!, 9);
    });
    expect(ofOne.sets).toEqual(ofTwo.sets);
    expect(ofOne.membersUsed).toEqual(ofTwo.membersUsed);
    ofOne.uncertainty?.mutualInformation.forEach((value, i) => {
      expect(value).toBeCloseTo(ofTwo.uncertainty!.mutualInformation[i]!, 9);
    });
  });
});

describe('the kind', () => {
  const values = { members: [Float64Array.of(1.5, -2, 0.3, 4)], rows: 2, classes: 2 };
  const one = { members: [Float64Array.of(0.2, 0.9)], rows: 2, classes: 1 };

  it('is never guessed: raw logits without it are refused', () => {
    const withoutKind = {} as { kind: OutputKind };
    expect(() => combine(values, 'meanLogits', withoutKind)).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: combine(meanLogits): kind is missing; say what the outputs are: 'probabilities', 'logits', 'binary', 'multi-label', 'regression'.]`,
    );
    expect(() => fitPolicy(values, [0, 1], withoutKind)).toThrow(/fitPolicy: kind is missing/);
    expect(() => uncertainty(values, { kind: undefined } as never)).toThrow(/kind is missing/);
  });

  it('says what a single column may be', () => {
    expect(() =>
      combine(one, 'meanProbabilities', { kind: 'probabilities' }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: combine(meanProbabilities): kind 'probabilities' needs at least 2 classes; got 1. If the value is the probability of the positive class, say kind: 'binary'; if it is a measured value, 'regression'.]`,
    );
  });

  it.each<[string, OutputKind, Predictions]>([
    ['one that does not exist', 'softmax' as OutputKind, values],
    ['binary of two columns', 'binary', values],
    ['logits as multi-label', 'multi-label', values],
    ['logits as probabilities', 'probabilities', values],
    ['logits of one column', 'logits', one],
    ['binary of a NaN', 'binary', { ...one, members: [Float64Array.of(NaN, 0.5)] }],
  ])('refuses %s', (_, kind, predictions) => {
    expect(() => combine(predictions, 'meanProbabilities', { kind })).toThrow(RangeError);
    expect(() => predictWithPolicy(meanPolicy(kind, [0]), predictions)).toThrow(RangeError);
  });

  it('of a cascade has one confidence a row', () => {
    const policy: EnsemblePolicy = {
      ...meanPolicy('multi-label', [0]),
      cascade: { order: [0], thresholds: [] },
    };
    expect(() => predictWithPolicy(policy, one)).toThrow(/cascade is not for kind 'multi-label'/);
  });
});
