import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { wireShape, wireTypes } from './datatypes.ts';

describe('wireTypes', () => {
  test.prop([fc.float({ noNaN: true, noDefaultInfinity: true })])(
    'writes float32 so that it reads back the same',
    (value) => {
      const { format, parse } = wireTypes.float32;
      const text = format!(value)!;
      expect(Math.fround(Number(text))).toBe(value);
      expect(parse!(JSON.parse(text))).toBe(Number(text));
      expect(
        text
          .replace(/e.*$/, '')
          .replaceAll(/^-?0\.0*|\D/g, '')
          .replace(/0+$/, '').length,
      ).toBeLessThanOrEqual(9);
    },
  );

  it.each([
    ['float32', 0.1, 0.1],
    ['float32', 1e39, undefined],
    ['float32', '1', undefined],
    ['float32', null, undefined],
    ['int32', -(2 ** 31), -(2 ** 31)],
    ['int32', 2 ** 31, undefined],
    ['int32', 1.5, undefined],
    ['int64', 2 ** 53 - 1, 2n ** 53n - 1n],
    ['int64', 2 ** 53, undefined],
    ['uint8', 255, 255],
    ['uint8', 256, undefined],
    ['uint8', -1, undefined],
    ['bool', true, 1],
    ['bool', 0, 0],
    ['bool', 2, undefined],
    ['bool', 'true', undefined],
  ] as const)('reads %s %s as %s', (dtype, value, element) => {
    expect(wireTypes[dtype].parse!(value)).toBe(element);
  });

  it.each([
    ['float32', Math.fround(0.1), '0.1'],
    ['float32', -0, '-0'],
    ['float32', 16777216, '16777216'],
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
    expect(wireShape({ name: 'x', dtype: 'float32', shape: [null, 28, 28, 1] })).toEqual([
      -1, 28, 28, 1,
    ]);
  });
});
