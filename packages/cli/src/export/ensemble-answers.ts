import type { BundleManifest, BundleOutput } from '@snapshot-ensemble/ensemble-bundle';
import { applyPolicy, type PolicyResult } from '@snapshot-ensemble/ensemble-math';
import type { HostTensor, HostTensors } from '@snapshot-ensemble/export-onnx';

/** What the outputs of a bundle are, made of what each member says: by member, then by the name of the prediction. */
export function ensembleAnswers(
  { outputs, policy }: Pick<BundleManifest, 'outputs' | 'policy'>,
  members: readonly HostTensors[],
): HostTensors {
  const predictions = outputs.filter(({ role }) => role === 'prediction');
  return Object.fromEntries(
    predictions.flatMap(({ name }) => {
      const each = members.map((member) => member[name]!);
      const result = applyPolicy(policy[name]!, flattened(each));
      return outputs
        .filter((output) => output.of === name)
        .map((output) => [output.name, tensorOf(output, each, result)] as const);
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
  { outputs, variance, uncertainty }: PolicyResult,
): HostTensor {
  const { shape } = each[0]!;
  const perRow = shape.with(-1, 1);
  switch (role) {
    case 'prediction':
      return { data: Float32Array.from(outputs.data), shape };
    case 'variance':
      return { data: Float32Array.from(variance!.data), shape };
    case 'predictive_entropy':
      return { data: Float32Array.from(uncertainty!.predictiveEntropy), shape: perRow };
    case 'expected_entropy':
      return { data: Float32Array.from(uncertainty!.expectedEntropy), shape: perRow };
    case 'mutual_information':
      return { data: Float32Array.from(uncertainty!.mutualInformation), shape: perRow };
    case 'members':
      return stacked(each);
    case 'energy':
    case 'confidence':
    case 'conformal_set':
    case 'interval':
    case 'abstain':
      throw new TypeError(
        `The command writes no output of role "${role}", so it cannot check one.`,
      );
  }
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
