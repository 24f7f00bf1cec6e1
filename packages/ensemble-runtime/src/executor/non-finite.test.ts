import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { nonFiniteRows } from './non-finite.ts';

describe('nonFiniteRows', () => {
  test.prop([
    fc.integer({ min: 1, max: 6 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        rows: fc.array(
          fc.array(fc.float({ noDefaultInfinity: false }), { minLength: size, maxLength: size }),
          {
            minLength: 1,
            maxLength: 9,
          },
        ),
      }),
    ),
  ])('names the rows that Number.isFinite names', ({ rows }) => {
    const expected = rows.flatMap((row, index) => (row.every(Number.isFinite) ? [] : [index]));
    expect(nonFiniteRows('float32', Float32Array.from(rows.flat()), rows.length)).toEqual(expected);
  });

  it('sees opposite infinities, and the largest finite values', () => {
    const max = 3.4028234663852886e38;
    const values = Float32Array.of(Infinity, -Infinity, max, max, -max, -max);
    expect(nonFiniteRows('float32', values, 3)).toEqual([0]);
  });

  it('reads half floats by their bits', () => {
    const values = Uint16Array.of(0x3c00, 0x7bff, 0x7c00, 0x0001, 0xfe00, 0x8000);
    expect(nonFiniteRows('float16', values, 3)).toEqual([1, 2]);
  });

  it('finds nothing where the dtype has neither', () => {
    expect(nonFiniteRows('int64', BigInt64Array.of(2n ** 63n - 1n), 1)).toEqual([]);
  });
});
