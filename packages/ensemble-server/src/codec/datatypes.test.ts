import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { wireShape, wireTypes } from './datatypes.ts';

describe('wireTypes', () => {
  test.prop([fc.float({ noNaN: true, noDefaultInfinity: true })])(
    'writes float32 so that it reads back the same',
    (value) => {
      const { format, accepts } = wireTypes.float32;
      const text = format!(value)!;
      expect(Math.fround(Number(text))).toBe(value);
      expect(accepts!(Number(text))).toBe(true);
      expect(
        text
          .replace(/e.*$/, '')
          .replaceAll(/^-?0\.0*|\D/g, '')
          .replace(/0+$/, '').length,
      ).toBeLessThanOrEqual(9);
    },
  );

  it.each([
    ['float32', 0.1, true],
    ['float32', 1e39, false],
    ['float32', 3.4028235e38, true],
    ['int32', -(2 ** 31), true],
    ['int32', 2 ** 31, false],
    ['int32', 1.5, false],
    ['int64', 2 ** 53 - 1, true],
    ['int64', 2 ** 53, false],
    ['uint8', 255, true],
    ['uint8', 256, false],
    ['uint8', -1, false],
    ['bool', 0, true],
    ['bool', 2, false],
  ] as const)('takes %s %s: %s', (dtype, value, isTaken) => {
    expect(wireTypes[dtype].accepts!(value)).toBe(isTaken);
  });

  it.each([
    ['float32', Math.fround(0.1), '0.1'],
    ['float32', -0, '-0'],
    ['float32', 16777216, '16777216'],
    ['float32', Math.fround(1 / 3), '0.33333334'],
    ['float32', Math.fround(1e-30), '1e-30'],
    ['float32', Infinity, undefined],
    ['float32', NaN, undefined],
    ['int64', -(2n ** 53n) + 1n, '-9007199254740991'],
    ['int64', 2n ** 53n, undefined],
    ['uint8', 7, '7'],
    ['bool', 1, 'true'],
  ] as const)('writes %s %s as %s', (dtype, element, text) => {
    expect(wireTypes[dtype].format!(element)).toBe(text);
  });

  it('writes -1 for the rows', () => {
    expect(wireShape({ shape: [null, 28, 28, 1] })).toEqual([-1, 28, 28, 1]);
  });
});
