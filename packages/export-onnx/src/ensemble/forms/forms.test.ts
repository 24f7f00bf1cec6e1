import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleOf, runStages } from '../../../test/bundles.ts';
import {
  ensembleAnswers,
  ensembleInputs,
  memberAnswers,
  membersFor,
} from '../../../test/ensembles.ts';
import { runOnnx } from '../../../test/run-onnx.ts';
import type { tf } from '../../../test/tfjs.ts';
import type { HostTensors } from '../../index.ts';

const kinds = ['probabilities', 'logits', 'binary'] as const;
const models = new Map<string, readonly tf.Sequential[]>();
beforeAll(() => {
  for (const kind of kinds) models.set(kind, membersFor(kind));
});

const policyOf = (
  kind: EnsemblePolicy['kind'],
  change: Partial<EnsemblePolicy>,
): EnsemblePolicy => ({
  kind,
  combine: 'meanProbabilities',
  members: [0, 1, 2, 3],
  weights: [0.4, 0.1, 0.3, 0.2],
  temperature: 1,
  ...change,
});

describe('staged', () => {
  const rows = 40;
  it.each<[string, EnsemblePolicy]>([
    [
      'probabilities',
      policyOf('probabilities', {
        cascade: { order: [2, 0, 3, 1], thresholds: [0.8, 0.75, 0.7] },
        temperature: 1.4,
        conformal: { method: 'aps', alpha: 0.1, threshold: 0.8 },
        abstain: { score: 'entropy', threshold: 0.9, share: 0.1 },
      }),
    ],
    [
      'logits',
      policyOf('logits', {
        combine: 'meanLogits',
        members: [3, 1, 0],
        weights: [0.5, 0.5, 0],
        cascade: { order: [2, 1, 0], thresholds: [0.9, 0.8] },
      }),
    ],
    [
      'binary',
      policyOf('binary', {
        combine: 'medianProbabilities',
        cascade: { order: [0, 1, 2, 3], thresholds: [0.9, 0.8, 0.7] },
      }),
    ],
  ])('stops each row where ensemble-math does: %s', async (kind, policy) => {
    const { manifest, files } = await bundleOf(models.get(kind)!, { policy });
    expect(manifest.form).toBe('staged');
    const inputs = ensembleInputs(rows);
    const stages = await runStages(manifest, files, inputs);
    const want = ensembleAnswers(models.get(kind)!, manifest, inputs);
    const used = new Set<number>();
    for (let row = 0; row < rows; row++) {
      const exit = stages.findIndex(
        (stage, index) =>
          stage['probs.confidence']!.data[row]! >= (policy.cascade!.thresholds[index] ?? 0),
      );
      used.add(exit);
      for (const { name } of manifest.outputs) {
        if (name === 'probs.confidence') continue;
        const size = want[name]!.data.length / rows;
        const of = (all: HostTensors): number[] => [
          ...all[name]!.data.slice(row * size, (row + 1) * size),
        ];
        of(stages[exit]!).forEach((value, at) => {
          expect(Math.abs(value - of(want)[at]!)).toBeLessThan(1e-5);
        });
      }
    }
    expect(used.size).toBeGreaterThan(1);
  });

  it('gives each member its stage where there is no cascade', async () => {
    const policy = policyOf('probabilities', {});
    const { manifest, files } = await bundleOf(models.get('probabilities')!, {
      policy,
      form: 'staged',
    });
    expect(manifest.stages!.map(({ members }) => members)).toEqual([[0], [1], [2], [3]]);
    const inputs = ensembleInputs(5);
    const last = (await runStages(manifest, files, inputs)).at(-1)!;
    const want = ensembleAnswers(models.get('probabilities')!, manifest, inputs);
    for (const { name } of manifest.outputs)
      last[name]!.data.forEach((value, at) => {
        expect(Math.abs(value - want[name]!.data[at]!)).toBeLessThan(1e-5);
      });
  });
});

describe('separate', () => {
  it('writes each member, whose outputs are its own', async () => {
    const cascade = { order: [0, 1, 2, 3], thresholds: [0.9, 0.9, 0.9] };
    const { manifest, files } = await bundleOf(models.get('logits')!, {
      policy: policyOf('logits', { cascade }),
      form: 'separate',
    });
    const inputs = ensembleInputs(3);
    const want = memberAnswers(models.get('logits')!, inputs);
    for (const [index, { file }] of manifest.members.entries()) {
      const { probs } = await runOnnx(files.get(file!)!, inputs);
      probs!.data.forEach((value, at) => {
        expect(Math.abs(value - want[index]!['probs']!.data[at]!)).toBeLessThan(1e-5);
      });
    }
    expect(manifest.graph).toBeUndefined();
  });

  it('lies beside a fused graph where asked for', async () => {
    const { manifest } = await bundleOf(models.get('logits')!, {
      policy: policyOf('logits', {}),
      memberFiles: true,
    });
    expect(manifest.members.map(({ file }) => file)).toEqual(
      [0, 1, 2, 3].map((index) => `members/00${index}.onnx`),
    );
  });
});

describe('a bundle read back', () => {
  it.each(['fused', 'stacked', 'staged', 'separate'] as const)('verifies: %s', async (form) => {
    const { bundle } = await bundleOf(models.get('probabilities')!, {
      policy: policyOf('probabilities', {}),
      form,
    });
    const read = await readBundle(bundle);
    await read.verify();
    expect(read.manifest.form).toBe(form);
  });
});
