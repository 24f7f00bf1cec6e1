import { describe, expect, it } from 'vitest';
import { checkOptions, nearestName } from './options.ts';

interface Options {
  readonly cycles?: number;
  readonly lrMin?: number;
}
const known = { cycles: true, lrMin: true } as const;

describe('checkOptions', () => {
  it('names the nearest known option', () => {
    const options = { cycle: 3 } as Options;
    expect(() => {
      checkOptions('train', options, known);
    }).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: train: there is no option "cycle". Did you mean "cycles"? Known options: cycles, lrMin.]`,
    );
  });

  it('lists the known ones where none is near', () => {
    const options = { momentum: 3 } as Options;
    expect(() => {
      checkOptions('train', options, known);
    }).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: train: there is no option "momentum". Known options: cycles, lrMin.]`,
    );
  });

  it.each<[string, Options | undefined]>([
    ['no options', undefined],
    ['known ones', { cycles: 1 }],
    ['one that is undefined', { cycle: undefined } as Options],
  ])('lets pass %s', (_, options) => {
    expect(() => {
      checkOptions('train', options, known);
    }).not.toThrow();
  });
});

describe('nearestName', () => {
  it.each([
    ['etaMin', ['lrInit', 'lrMin', 'curve'], 'lrMin'],
    ['EPOCHS', ['totalEpochs', 'epochs'], 'epochs'],
    ['x', ['y'], 'y'],
    ['x', ['abc'], undefined],
    ['toString', [], undefined],
  ])('of %s among %j', (name, names, expected) => {
    expect(nearestName(name, names)).toBe(expected);
  });
});
