import type { BundleManifest, BundleOutput } from '@snapshot-ensemble/ensemble-bundle';
import {
  applyPolicy,
  predictWithPolicy,
  unsureness,
  type EnsemblePolicy,
  type PolicyResult,
} from '@snapshot-ensemble/ensemble-math';
import type { HostTensor, HostTensors } from '../parity/compare.ts';

/**
 * The outputs of a bundle, computed by ensemble-math from each member's outputs: by member of the manifest, then by the
 * name of the prediction. With a cascade each row is that of the stage at which it stops.
 */
export function ensembleAnswers(
  { outputs, policy }: Pick<BundleManifest, 'outputs' | 'policy'>,
  members: readonly HostTensors[],
): HostTensors {
  const predictions = outputs.filter(({ role }) => role === 'prediction');
  return Object.fromEntries(
    predictions.flatMap(({ name }) => {
      const each = members.map((member) => member[name]!);
      const own = policy[name]!;
      const result = applyPolicy(own, flattened(each));
      return outputs
        .filter((output) => output.of === name)
        .map((output) => [output.name, tensorOf(output, each, own, result)] as const);
    }),
  );
}

/** Classes are on the last axis; what lies before it are rows. */
function flattened(each: readonly HostTensor[]) {
  const { shape } = each[0]!;
  return {
    members: each.map(({ data }) => data as Float32Array),
    rows: shape.slice(0, -1).reduce((product, side) => product * side, 1),
    classes: shape.at(-1)!,
  };
}

function tensorOf(
  { role }: BundleOutput,
  each: readonly HostTensor[],
  policy: EnsemblePolicy,
  result: PolicyResult,
): HostTensor {
  const { shape } = each[0]!;
  const rows = shape.slice(0, -1);
  const floats = (data: ArrayLike<number>, inner: readonly number[]): HostTensor => ({
    data: Float32Array.from(data),
    shape: inner,
  });
  switch (role) {
    case 'prediction':
      return floats(result.outputs.data, shape);
    case 'variance':
      return floats(result.variance!.data, shape);
    case 'predictive_entropy':
      return floats(perRow(result.uncertainty!.predictiveEntropy, rows), [...rows, 1]);
    case 'expected_entropy':
      return floats(perRow(result.uncertainty!.expectedEntropy, rows), [...rows, 1]);
    case 'mutual_information':
      return floats(perRow(result.uncertainty!.mutualInformation, rows), [...rows, 1]);
    case 'energy':
      return floats(unsureness(policy, flattened(each), 'energy'), [...rows, 1]);
    case 'confidence': {
      const before = predictWithPolicy({ ...policy, temperature: 1 }, flattened(each)).outputs;
      return floats(largest(before.data, before.classes), [...rows, 1]);
    }
    case 'conformal_set': {
      const { data, classes } = result.sets!;
      return { data, shape: [...rows, classes] };
    }
    case 'interval': {
      const { lower, upper } = result.intervals!;
      const ends = Array.from(lower.data, (low, index) => [low, upper.data[index]!]);
      return floats(ends.flat(), [...shape, 2]);
    }
    case 'abstain':
      return { data: result.abstain!, shape: rows };
    case 'members':
      return stacked(each);
  }
}

function perRow(values: Float64Array, rows: readonly number[]): Float64Array {
  const count = rows.reduce((product, side) => product * side, 1);
  if (values.length !== count) throw new RangeError(`${values.length} values for ${count} rows`);
  return values;
}

function largest(values: ArrayLike<number>, classes: number): readonly number[] {
  return Array.from({ length: values.length / classes }, (_, row) => {
    const own = Array.from({ length: classes }, (__, at) => values[row * classes + at]!);
    return classes === 1 ? Math.max(own[0]!, 1 - own[0]!) : Math.max(...own);
  });
}

/** `[batch, members, …]`. */
function stacked(each: readonly HostTensor[]): HostTensor {
  const [batch, ...rest] = each[0]!.shape as [number, ...number[]];
  const size = rest.reduce((product, side) => product * side, 1);
  const data = new Float32Array(batch * each.length * size);
  each.forEach((member, index) => {
    for (let row = 0; row < batch; row++)
      data.set(
        member.data.subarray(row * size, (row + 1) * size),
        (row * each.length + index) * size,
      );
  });
  return { data, shape: [batch, each.length, ...rest] };
}
