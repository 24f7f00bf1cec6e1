import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { describe, expect, it } from 'vitest';
import { mean } from '../../test/bundles.ts';
import { exportEnsemble } from '../../test/checked-export.ts';
import { membersFor } from '../../test/ensembles.ts';
import { artifactsOf } from '../../test/tfjs.ts';
import type { ExportEnsembleOptions } from '../index.ts';

const probabilities = membersFor('probabilities');
const logits = membersFor('logits');

describe('what a graph cannot honour is refused, and nothing is written', () => {
  const cascade = { order: [0, 1, 2, 3], thresholds: [0.9, 0.9, 0.9] };
  it.each<
    [
      string,
      'probabilities' | 'logits',
      Partial<ExportEnsembleOptions>,
      Partial<EnsemblePolicy>,
      RegExp,
    ]
  >([
    [
      'a cascade in one graph',
      'probabilities',
      { form: 'fused' },
      { cascade },
      /a fused graph runs all members; export with form "staged"/,
    ],
    [
      'a cascade of too few thresholds',
      'probabilities',
      {},
      { cascade: { ...cascade, thresholds: [0.9] } },
      /1 cascade thresholds for 4 members/,
    ],
    [
      'softmax members as logits',
      'probabilities',
      {},
      { kind: 'logits' },
      /end in Softmax, which gives probabilities: use kind "probabilities"/,
    ],
    ['softmax members as labels', 'probabilities', {}, { kind: 'multi-label' }, /end in Softmax/],
    [
      'linear members as probabilities',
      'logits',
      {},
      { kind: 'probabilities' },
      /end in Gemm, which gives unbounded values: use kind "logits"/,
    ],
    [
      'linear members as labels',
      'logits',
      {},
      { kind: 'multi-label' },
      /name the output in sigmoidOutputs/,
    ],
    ['three values as one', 'logits', {}, { kind: 'binary' }, /there are 3 values per row/],
    ['a rule for other kinds', 'logits', {}, { combine: 'mean' }, /a rule for other kinds/],
    [
      'intervals of classes',
      'logits',
      {},
      { conformal: { method: 'absolute', alpha: 0.1, threshold: 1 } },
      /"absolute", which does not fit/,
    ],
    [
      'thresholds for other classes',
      'logits',
      {},
      { conformal: { method: 'aps', alpha: 0.1, threshold: 1, classThresholds: [1] } },
      /1 conformal thresholds for 3 classes/,
    ],
    [
      'energy of probabilities',
      'probabilities',
      {},
      { abstain: { score: 'energy', threshold: 1, share: 0 } },
      /"energy", which kind "probabilities" does not have/,
    ],
    ['negative weights', 'logits', {}, { weights: [-1, 1, 0.5, 0.5] }, /must not be negative/],
  ])('%s', async (_, kind, options, change, message) => {
    const bundle = memoryBundle();
    const models = kind === 'logits' ? logits : probabilities;
    const artifacts = await Promise.all(models.map(artifactsOf));
    const policy = { ...mean(kind, 4), ...change };
    await expect(exportEnsemble(artifacts, bundle, { policy, ...options })).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringMatching(message),
    });
    expect(bundle.files.size).toBe(0);
  });
});
