import type { BundleOutput, OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import { applyPolicy, meanPolicy, type EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { describe, expect, it } from 'vitest';
import { combineOutput, type MemberArray } from './combine-members.ts';

const member = (
  index: number,
  values: readonly number[],
  dims: readonly number[],
): MemberArray => ({
  member: index,
  array: { dtype: 'float32', data: Float32Array.from(values), dims },
});
const output = (role: OutputRole): Pick<BundleOutput, 'name' | 'role'> => ({ name: role, role });

/** All outputs that a kind has, of two members that ran out of three. */
const kinds: readonly (readonly [EnsemblePolicy['kind'], number, OutputRole[], number[][]])[] = [
  [
    'probabilities',
    2,
    [
      'prediction',
      'predictive_entropy',
      'expected_entropy',
      'mutual_information',
      'variance',
      'confidence',
    ],
    [
      [0.9, 0.1, 0.5, 0.5],
      [0.7, 0.3, 0.2, 0.8],
    ],
  ],
  [
    'logits',
    2,
    ['prediction', 'predictive_entropy', 'energy', 'confidence'],
    [
      [2, -1, 0, 0],
      [1, 3, 4, -4],
    ],
  ],
  [
    'binary',
    1,
    ['prediction', 'predictive_entropy', 'mutual_information', 'confidence'],
    [
      [0.9, 0.2],
      [0.7, 0.4],
    ],
  ],
  [
    'multi-label',
    2,
    ['prediction', 'predictive_entropy', 'mutual_information'],
    [
      [0.9, 0.1, 0.5, 0.5],
      [0.7, 0.3, 0.2, 0.8],
    ],
  ],
  [
    'regression',
    2,
    ['prediction', 'variance'],
    [
      [1, 2, 3, 4],
      [3, 2, 1, 9],
    ],
  ],
];

describe('combineOutput', () => {
  it.each(kinds)('makes of %s what ensemble-math makes', (kind, classes, roles, values) => {
    const policy = meanPolicy(kind, [0, 1, 2]);
    const ran = [member(2, values[0]!, [2, classes]), member(0, values[1]!, [2, classes])];
    const made = combineOutput(policy, ran, 3, roles.map(output));
    // Order and weights of those that ran: member 0, then member 2, half each.
    const whole = applyPolicy(meanPolicy(kind, [0, 1]), {
      members: [Float32Array.from(values[1]!), Float32Array.from(values[0]!)],
      rows: 2,
      classes,
    });
    expect(Object.keys(made)).toEqual(roles);
    const near = (name: OutputRole, wanted: ArrayLike<number> | undefined): void => {
      if (made[name] === undefined || wanted === undefined) return;
      expect(made[name].dims[0]).toBe(2);
      Array.from(wanted).forEach((value, index) => {
        expect(Number(made[name]!.data[index])).toBeCloseTo(value, 6);
      });
    };
    near('prediction', whole.outputs.data);
    near('predictive_entropy', whole.uncertainty?.predictiveEntropy);
    near('expected_entropy', whole.uncertainty?.expectedEntropy);
    near('mutual_information', whole.uncertainty?.mutualInformation);
    if (kind === 'regression') near('variance', whole.variance?.data);
    for (const { data } of Object.values(made))
      expect(Array.from(data, Number).every(Number.isFinite)).toBe(true);
  });

  it('gives sets, intervals, refusals and members, with the shapes of the format', () => {
    const policy: EnsemblePolicy = {
      ...meanPolicy('probabilities', [0, 1]),
      conformal: { method: 'split', alpha: 0.1, threshold: 0.6 },
      abstain: { score: 'largestProbability', threshold: 0.7, share: 0.1 },
    };
    const ran = [member(0, [0.9, 0.1, 0.5, 0.5], [2, 2]), member(1, [0.7, 0.3, 0.5, 0.5], [2, 2])];
    const roles: OutputRole[] = ['conformal_set', 'abstain', 'members'];
    expect(combineOutput(policy, ran, 2, roles.map(output))).toEqual({
      conformal_set: { dtype: 'bool', data: Uint8Array.of(1, 0, 1, 1), dims: [2, 2] },
      abstain: { dtype: 'bool', data: Uint8Array.of(0, 1), dims: [2] },
      members: {
        dtype: 'float32',
        data: Float32Array.of(0.9, 0.1, 0.7, 0.3, 0.5, 0.5, 0.5, 0.5),
        dims: [2, 2, 2],
      },
    });
    const regression: EnsemblePolicy = {
      ...meanPolicy('regression', [0]),
      conformal: { method: 'absolute', alpha: 0.1, threshold: 0.5 },
    };
    const value = combineOutput(regression, [member(0, [1, 2], [2, 1])], 1, [output('interval')]);
    expect(value['interval']).toEqual({
      dtype: 'float32',
      data: Float32Array.of(0.5, 1.5, 1.5, 2.5),
      dims: [2, 1, 2],
    });
  });

  it('leaves rows out that are not finite, and spares the others', () => {
    const policy = meanPolicy('probabilities', [0, 1]);
    const good = [0.9, 0.1];
    const ran = [member(0, [...good, NaN, NaN], [2, 2]), member(1, [...good, 0.5, 0.5], [2, 2])];
    const made = combineOutput(policy, ran, 2, [output('prediction'), output('members')]);
    expect(made['prediction']!.data).toEqual(Float32Array.of(0.9, 0.1, NaN, NaN));
    const none = combineOutput(policy, [member(0, [NaN, NaN], [1, 2])], 2, [
      output('prediction'),
      output('members'),
      output('predictive_entropy'),
    ]);
    expect(none['prediction']).toMatchObject({ dims: [1, 2], data: Float32Array.of(NaN, NaN) });
    expect(none['predictive_entropy']).toMatchObject({ dims: [1, 1] });
    expect(none['members']!.data).toEqual(Float32Array.of(NaN, NaN, NaN, NaN));
  });

  it('keeps what lies between rows and values', () => {
    const policy = meanPolicy('probabilities', [0]);
    const made = combineOutput(policy, [member(0, [0.9, 0.1, 0.2, 0.8], [1, 2, 2])], 1, [
      output('prediction'),
      output('predictive_entropy'),
    ]);
    expect(made['prediction']!.dims).toEqual([1, 2, 2]);
    expect(made['predictive_entropy']!.dims).toEqual([1, 2, 1]);
  });
});
