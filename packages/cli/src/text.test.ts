import { expect, it } from 'vitest';
import * as cli from './index.ts';
import { bytes, metric } from './numbers.ts';
import { textTable } from './text-table.ts';

it('exports these names', () => {
  expect(Object.keys(cli).sort()).toEqual([
    'CheckFailedError',
    'EnvironmentError',
    'UsageError',
    'errorLine',
    'exitCodeOf',
    'runMain',
  ]);
});

it('aligns the first column to the left, the others to the right', () => {
  const table = textTable([
    ['name', 'count'],
    ['a', '1'],
    ['longer', '1,000'],
  ]);
  expect(table).toBe('name    count\na           1\nlonger  1,000\n');
});

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [139_249, '139.2 kB'],
  [2_500_000_000, '2.5 GB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

it.each([
  [0.12345678, '0.1235'],
  [NaN, '–'],
  [undefined, '–'],
])('metric %s is %s', (value, text) => {
  expect(metric(value)).toBe(text);
});
