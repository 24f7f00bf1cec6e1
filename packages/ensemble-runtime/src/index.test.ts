import { expect, it } from 'vitest';
import * as runtime from './index.ts';

it('exports what its README names', () => {
  expect(Object.keys(runtime).sort()).toEqual([
    'InferenceError',
    'availableCores',
    'coreBudget',
    'loadEnsemble',
    'top',
    'tune',
  ]);
});
