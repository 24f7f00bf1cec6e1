import { describe, it } from 'vitest';
import { expectRefused, manifest, withOutput } from '../../test/manifests.ts';

describe('outputs', () => {
  it.each<[string, object, RegExp]>([
    [
      'a statistic of nothing',
      { ...manifest, outputs: [{ ...manifest.outputs[1], of: 'x' }, manifest.outputs[0]] },
      /"of" is "x"/,
    ],
    [
      'a scalar output',
      { ...manifest, outputs: [{ ...manifest.outputs[0], shape: [null] }], labels: {} },
      /rank 1, must be at least 2/,
    ],
    [
      'a statistic of another shape',
      withOutput({ shape: [null, 3] }),
      /has shape \[, 1\], not \[, 3\]/,
    ],
    [
      'probabilities as whole numbers',
      { ...manifest, outputs: [{ ...manifest.outputs[0], dtype: 'int32' }] },
      /cannot be int32/,
    ],
    [
      'one class',
      { ...manifest, labels: {}, outputs: [{ ...manifest.outputs[0], shape: [null, 1] }] },
      /needs 2 classes or more, it has 1/,
    ],
    ['energy of probabilities', withOutput({ role: 'energy' }), /needs kind "logits"/],
    [
      'a set without conformal',
      withOutput({ role: 'conformal_set', dtype: 'bool', shape: [null, 3] }),
      /needs a conformal method/,
    ],
  ])('refuses %s', (_, json, message) => {
    expectRefused(json, message);
  });
});
