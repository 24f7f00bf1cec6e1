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
      "delayed",
      "describe",
      "equalCycles",
      "expectedSnapshots",
      "exponential",
      "growingCycles",
      "join",
      "kDecay",
      "linear",
      "oneCycle",
      "polynomial",
      "scale",
      "stepwise",
      "triangular",
      "warmup",
    ]
  `);
});
