import { fc } from '@fast-check/vitest';
import type { Predictions } from '../src/index.ts';

const shape = fc.record({
  members: fc.integer({ min: 1, max: 6 }),
  rows: fc.integer({ min: 1, max: 8 }),
  classes: fc.integer({ min: 2, max: 6 }),
});

/** Distributions with zeros, ties and certainties among them, in float32 as models give them. */
export const probabilities: fc.Arbitrary<Predictions> = shape.chain(({ members, rows, classes }) =>
  fc
    .array(distributions(rows, classes), { minLength: members, maxLength: members })
    .map((all) => ({ members: all, rows, classes })),
);

/** Probabilities, and a label for each row. */
export const labelled: fc.Arbitrary<readonly [Predictions, readonly number[]]> =
  probabilities.chain((predictions) =>
    fc.tuple(
      fc.constant(predictions),
      fc.array(fc.integer({ min: 0, max: predictions.classes - 1 }), {
        minLength: predictions.rows,
        maxLength: predictions.rows,
      }),
    ),
  );

/** One weight for each of `members`, some of them 0, that sum to 1. */
export function weightsFor(members: number): fc.Arbitrary<number[]> {
  return fc
    .array(fc.integer({ min: 0, max: 5 }), { minLength: members, maxLength: members })
    .map((parts) => {
      const sum = parts.reduce((total, part) => total + part, 0);
      return parts.map((part) => (sum === 0 ? 1 / members : part / sum));
    });
}

function distributions(rows: number, classes: number): fc.Arbitrary<Float32Array> {
  const part = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 3 }),
    fc.double({ min: 1e-3, max: 5, noNaN: true }),
  );
  return fc
    .array(fc.array(part, { minLength: classes, maxLength: classes }), {
      minLength: rows,
      maxLength: rows,
    })
    .map((all) => Float32Array.from(all.flatMap(normalise)));
}

function normalise(parts: readonly number[]): number[] {
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part, c) => (sum === 0 ? Number(c === 0) : part / sum));
}
