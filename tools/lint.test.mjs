// @ts-check
import { expect, it } from 'vitest';
import { share } from './lint.mjs';

const folders = ['a', 'b', 'c', 'd'].map((folder, index) => ({
  folder,
  bytes: [9, 1, 5, 4][index] ?? 0,
}));

it.each([
  [1, [['a', 'c', 'd', 'b']]],
  [
    2,
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [9, [['a'], ['c'], ['d'], ['b']]],
])('deals folders to %i groups of about the same size', (count, groups) => {
  expect(share(folders, count)).toEqual(groups);
});
