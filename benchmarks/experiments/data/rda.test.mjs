// @ts-check
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readLazyData, readRda } from './rda.mjs';

// Written by R: fixtures/make.R
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const frame = {
  value: [1.5, -2, Number.NaN],
  count: [4, 1, 9],
  kind: ['b', 'a', 'b'],
  name: ['é', 'z', null],
};

it.each(['frame.rda', 'frame-2.rda'])('%s has the columns that R wrote', (name) => {
  expect(readRda(`${fixtures}/${name}`)).toEqual(frame);
});

it('reads a data frame of a package, by name', () => {
  expect(readLazyData(fixtures, 'frame')).toEqual(frame);
  expect(() => readLazyData(fixtures, 'frames')).toThrow(/has no frames: frame, other/);
});

it('refuses what is no data of R', () => {
  expect(() => readRda(`${fixtures}/Rdata.rdx`)).toThrow(/is no \.rda file of version 2 or 3/);
});
