import type { BundleOutput, OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { describe, expect, it } from 'vitest';
import { ensembleAnswers } from './answers.ts';

const output = (of: string, role: OutputRole): BundleOutput => ({
  name: role === 'prediction' ? of : `${of}.${role}`,
  dtype: 'float32',
  shape: [],
  role,
  of,
});
const tensor = (shape: readonly number[], ...data: number[]) => ({
  data: Float32Array.from(data),
  shape,
});

describe('ensembleAnswers', () => {
  it('combines each step of each row, and puts members on axis 1', () => {
    const answers = ensembleAnswers(
      {
        outputs: [
          output('tags', 'prediction'),
          output('tags', 'predictive_entropy'),
          output('tags', 'expected_entropy'),
          output('tags', 'mutual_information'),
          output('tags', 'members'),
        ],
        policy: { tags: meanPolicy('probabilities', [0, 1]) },
      },
      [{ tags: tensor([2, 1, 2], 1, 0, 0.5, 0.5) }, { tags: tensor([2, 1, 2], 0, 1, 0.5, 0.5) }],
    );
    const bit = Math.fround(Math.LN2);
    expect(answers).toEqual({
      tags: tensor([2, 1, 2], 0.5, 0.5, 0.5, 0.5),
      'tags.predictive_entropy': tensor([2, 1, 1], bit, bit),
      'tags.expected_entropy': tensor([2, 1, 1], 0, bit),
      'tags.mutual_information': tensor([2, 1, 1], bit, 0),
      'tags.members': tensor([2, 2, 1, 2], 1, 0, 0, 1, 0.5, 0.5, 0.5, 0.5),
    });
  });

  it('tells outputs apart', () => {
    const answers = ensembleAnswers(
      {
        outputs: ['a', 'b'].flatMap((of) => [output(of, 'prediction'), output(of, 'variance')]),
        policy: { a: meanPolicy('regression', [0, 1]), b: meanPolicy('regression', [1]) },
      },
      [
        { a: tensor([1, 1], 1), b: tensor([1, 1], 10) },
        { a: tensor([1, 1], 5), b: tensor([1, 1], 20) },
      ],
    );
    expect(answers).toEqual({
      a: tensor([1, 1], 3),
      'a.variance': tensor([1, 1], 4),
      b: tensor([1, 1], 20),
      'b.variance': tensor([1, 1], 0),
    });
  });
});
