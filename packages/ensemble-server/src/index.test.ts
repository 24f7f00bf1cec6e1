import { expect, it } from 'vitest';
import * as server from './index.ts';

it('exports what its README names', () => {
  expect(Object.keys(server).sort()).toEqual([
    'ServerError',
    'createHandler',
    'readServeConfig',
    'serve',
  ]);
});
