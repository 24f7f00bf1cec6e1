import { expect, it } from 'vitest';
import * as root from './index.ts';

it('exports these names and no other', () => {
  expect(Object.keys(root).sort()).toMatchInlineSnapshot(`
    [
      "anneal",
      "constant",
      "cosine",
      "cycleAt",
      "cyclesOf",
      "cyclicalSgMcmc",
      "delayed",
      "describe",
      "equalCycles",
      "exponential",
      "fastGeometric",
      "growingCycles",
      "inverseSquareRoot",
      "join",
      "kDecay",
      "linear",
      "noCycle",
      "oneCycle",
      "polynomial",
      "scale",
      "singleCycle",
      "stepwise",
      "swaTail",
      "triangular",
      "warmup",
      "warmupStableDecay",
    ]
  `);
});
