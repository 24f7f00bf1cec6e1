import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { coverageOf, distributions } from '../../test/coverage.ts';
import { meanInterval } from './interval.ts';
import { normalQuantile } from './normal.ts';
import { signTest, studentQuantile } from './student.ts';

describe('meanInterval', () => {
  // The whole table is in test/coverage.long.ts. Three standard deviations of 300 draws at 0.95 are 0.038.
  it.each([
    ['normal', 200, 0.912],
    ['lognormal', 500, 0.9],
    ['difference', 200, 0.912],
  ] as const)('covers the mean of %s values, %i rows', (name, rows, least) => {
    const coverage = coverageOf(distributions[name], { rows, repetitions: 300, resamples: 199 });
    expect(coverage).toBeGreaterThan(least);
  });

  test.prop([
    fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 }),
  ])('holds the estimate and stays within the values', (values) => {
    const { estimate, lower, upper } = meanInterval(Float64Array.from(values), { resamples: 49 });
    const rounding = 1e-9 * Math.max(...values.map(Math.abs));
    expect(lower).toBeLessThanOrEqual(estimate + rounding);
    expect(upper).toBeGreaterThanOrEqual(estimate - rounding);
    expect(lower).toBeGreaterThanOrEqual(Math.min(...values) - rounding);
    expect(upper).toBeLessThanOrEqual(Math.max(...values) + rounding);
  });

  it.each([1e-300, 1e-160, 1e160, 1.7e308])('is as wide for values of %d', (size) => {
    const shape = Float64Array.of(0, 1, 0, 0.5, 1, 1, 0, 0.25);
    const plain = meanInterval(shape);
    const { estimate, lower, upper } = meanInterval(shape.map((value) => value * size));
    expect([lower, estimate, upper].map((value) => value / size)).toEqual([
      expect.closeTo(plain.lower, 12),
      expect.closeTo(plain.estimate, 12),
      expect.closeTo(plain.upper, 12),
    ]);
  });

  it('is the mean alone where all values are equal', () => {
    expect(meanInterval(Float64Array.of(2, 2, 2))).toEqual({ estimate: 2, lower: 2, upper: 2 });
  });

  it.each([
    ['no rows', () => meanInterval(new Float64Array(0))],
    ['NaN', () => meanInterval(Float64Array.of(NaN))],
    ['a confidence of 1', () => meanInterval(Float64Array.of(1), { confidence: 1 })],
  ])('refuses %s', (_, run) => {
    expect(run).toThrow(RangeError);
  });
});

// scipy 1.15.3: t.ppf, norm.ppf, binomtest.
it.each([
  ['t(0.975, 49)', studentQuantile(0.975, 49), 2.0095752371292397],
  ['t(0.975, 1)', studentQuantile(0.975, 1), 12.706204736432095],
  ['t(0.95, 10000)', studentQuantile(0.95, 10_000), 1.6450060180692423],
  ['z(0.975)', normalQuantile(0.975), 1.959963984540054],
  ['z(0.001)', normalQuantile(0.001), -3.090232306167813],
  ['4 wins to 0', signTest(4, 0), 0.125],
  ['10 wins to 3', signTest(10, 3), 0.09228515625],
  ['300 wins to 250', signTest(300, 250), 0.03657874554910283],
  ['nothing', signTest(0, 0), 1],
])('%s is what scipy says', (_, ours, theirs) => {
  expect(ours / theirs).toBeCloseTo(1, 10);
});
