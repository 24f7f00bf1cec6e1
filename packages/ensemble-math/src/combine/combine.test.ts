import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { probabilities, weightsFor } from '../../test/arbitraries.ts';
import type { CombineRule } from '../policy.ts';
import { pickMembers, sliceRows, unstack, type Predictions } from '../shapes.ts';
import { combine } from './combine.ts';

const kind = 'probabilities';

const rules = [
  'meanProbabilities',
  'meanLogits',
  'geometricMean',
  'medianProbabilities',
  'majorityVote',
] as const satisfies readonly CombineRule[];

const two: Predictions = {
  members: [Float64Array.of(0.5, 0.5, 0.25, 0.75), Float64Array.of(1, 0, 0.75, 0.25)],
  rows: 2,
  classes: 2,
};

describe('combine', () => {
  it.each([
    ['meanProbabilities', [0.75, 0.25, 0.5, 0.5]],
    ['medianProbabilities', [0.75, 0.25, 0.5, 0.5]],
    // Member 0 is torn over row 0 and votes for the lower class.
    ['majorityVote', [1, 0, 0.5, 0.5]],
  ] as const)('%s of two members', (rule, expected) => {
    expect([...combine(two, rule, { kind }).data]).toEqual(expected);
  });

  it('makes a row uniform whose medians are all 0', () => {
    const oneHot = unstack(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), {
      members: 3,
      rows: 1,
      classes: 3,
    });
    expect([...combine(oneHot, 'medianProbabilities', { kind }).data]).toEqual([
      1 / 3,
      1 / 3,
      1 / 3,
    ]);
  });

  it('lets no single zero veto a class in the geometric mean', () => {
    const opposed = unstack(Float64Array.of(1, 0, 0, 1), { members: 2, rows: 1, classes: 2 });
    expect([...combine(opposed, 'geometricMean', { kind }).data]).toEqual([0.5, 0.5]);
  });

  it('writes into the array given and returns it', () => {
    const into = new Float32Array(4);
    expect(combine(two, 'meanProbabilities', { kind, into }).data).toBe(into);
    expect([...into]).toEqual([0.75, 0.25, 0.5, 0.5]);
  });

  it('takes no rows at all', () => {
    const none = { members: [new Float32Array(0)], rows: 0, classes: 3 };
    expect(combine(none, 'meanProbabilities', { kind }).data).toHaveLength(0);
  });
});

describe.each(rules)('law: %s', (rule) => {
  test.prop([probabilities, fc.infiniteStream(fc.nat())])(
    'does not depend on the order of members',
    (predictions, random) => {
      const order = predictions.members
        .map((_, member) => ({ member, key: random.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ member }) => member);
      const shuffled = combine(pickMembers(predictions, order), rule, { kind }).data;
      expectClose(shuffled, combine(predictions, rule, { kind }).data);
    },
  );

  test.prop([probabilities])('gives rows that sum to 1', (predictions) => {
    const { data, rows, classes } = combine(predictions, rule, { kind });
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (const p of data.subarray(row * classes, (row + 1) * classes)) sum += p;
      // The members are float32.
      expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
    }
  });

  test.prop([probabilities, fc.nat()])('gives the same bits for batches', (predictions, seed) => {
    const at = seed % (predictions.rows + 1);
    const parts = [sliceRows(predictions, 0, at), sliceRows(predictions, at, predictions.rows)];
    const apart = parts.flatMap((part) => [...combine(part, rule, { kind }).data]);
    expect(apart).toEqual([...combine(predictions, rule, { kind }).data]);
  });

  test.prop([probabilities])('leaves its inputs alone', (predictions) => {
    const before = predictions.members.map((values) => values.slice());
    combine(predictions, rule, { kind });
    expect(predictions.members).toEqual(before);
  });
});

describe.each(['meanProbabilities', 'meanLogits', 'medianProbabilities'] as const)(
  'law: %s',
  (rule) => {
    test.prop([probabilities, fc.integer({ min: 1, max: 9 })])(
      'of equal members is the member',
      (predictions, count) => {
        const same = pickMembers(
          predictions,
          Array.from({ length: count }, () => 0),
        );
        expectClose(combine(same, rule, { kind }).data, predictions.members[0]!, 1e-6);
      },
    );

    test.prop([probabilities.chain((p) => fc.tuple(fc.constant(p), weightsFor(p.members.length)))])(
      'disregards members of weight 0',
      ([predictions, weights]) => {
        const used = weights.flatMap((weight, member) => (weight > 0 ? [member] : []));
        const fewer = combine(pickMembers(predictions, used), rule, {
          kind,
          weights: used.map((member) => weights[member]!),
        });
        expectClose(combine(predictions, rule, { kind, weights }).data, fewer.data);
      },
    );
  },
);

describe('combine refuses', () => {
  const nan = { ...two, members: [Float64Array.of(NaN, 0.5, 0.25, 0.75), two.members[1]!] };
  it.each(rules)('a NaN, for %s', (rule) => {
    expect(() => combine(nan, rule, { kind })).toThrow(/row 0 holds a NaN/);
    expect(() => combine(nan, rule, { kind: 'logits' })).toThrow(/row 0 holds a NaN/);
  });

  it.each([
    ['a NaN in regression', () => combine(nan, 'mean', { kind: 'regression' })],
    ['a NaN in regression medians', () => combine(nan, 'median', { kind: 'regression' })],
    [
      'no members',
      () => combine({ members: [], rows: 1, classes: 2 }, 'mean', { kind: 'regression' }),
    ],
    ['a short member', () => combine({ ...two, rows: 3 }, 'mean', { kind: 'regression' })],
    ['logits taken for probabilities', () => combine(logits, 'meanProbabilities', { kind })],
    ['negative probabilities', () => combine(negative, 'meanProbabilities', { kind })],
    ['a rule of the other kind', () => combine(two, 'median', { kind: 'logits' })],
    [
      'weights that do not sum to 1',
      () => combine(two, 'mean', { kind: 'regression', weights: [1, 1] }),
    ],
    ['a negative weight', () => combine(two, 'mean', { kind: 'regression', weights: [2, -1] })],
    ['a weight too few', () => combine(two, 'mean', { kind: 'regression', weights: [1] })],
    [
      'an `into` of the wrong length',
      () => combine(two, 'mean', { kind: 'regression', into: new Float32Array(3) }),
    ],
  ])('%s', (_, run) => {
    expect(run).toThrow(RangeError);
  });

  it('arrays that are not float arrays', () => {
    const bytes = { ...two, members: [new Uint8Array(4) as unknown as Float32Array] };
    expect(() => combine(bytes, 'mean', { kind: 'regression' })).toThrow(TypeError);
  });

  it('with a message that says what to do', () => {
    expect(() => combine(logits, 'meanProbabilities', { kind })).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: combine(meanProbabilities): row 0 is not a distribution (it sums to 4); probabilities are ≥ 0 and sum to 1 ± 0.001. If these are logits, say kind: 'logits' or apply softmax().]`,
    );
    expect(() => combine(two, 'median', { kind: 'logits' })).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: combine(median): rule 'median' does not apply to kind 'logits'; rules for it: meanProbabilities, meanLogits, geometricMean, medianProbabilities, majorityVote.]`,
    );
    expect(() =>
      combine(two, 'mean', { kind: 'regression', weights: [1, 1] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: combine(mean): weights sum to 2; divide them by their sum to get 1.]`,
    );
  });
});

const logits = unstack(Float64Array.of(3, 2, -1, 4), { members: 2, rows: 1, classes: 2 });
const negative = unstack(Float64Array.of(1.5, -0.5), { members: 1, rows: 1, classes: 2 });

function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-12,
): void {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(tolerance);
  }
}
