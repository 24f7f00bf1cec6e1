import { expect, it } from 'vitest';
import * as report from './index.ts';

it('exports these names', () => {
  expect(Object.keys(report).sort()).toEqual(['renderSvg', 'runReport']);
});
