import type { BundleManifest, OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import { UsageError } from '../run-main.ts';
import type { Deployment, Files } from './deployment.ts';
import { textProto, type Message } from './text-proto.ts';
import { tensorConfig, type TritonOptions } from './triton-config.ts';
import { labelFiles, outputConfig } from './triton.ts';
import { tritonCombineProgram } from './triton-combine.ts';

const rules = ['meanProbabilities', 'meanLogits', 'geometricMean', 'mean'];
const roles: readonly OutputRole[] = [
  'prediction',
  'predictive_entropy',
  'expected_entropy',
  'mutual_information',
  'variance',
  'members',
  'confidence',
];

/** Every member a model of its own, and a step in Triton's Python backend (BLS) that asks them and combines. Throws `UsageError`. */
export function tritonMembers(
  { bundle, name }: Deployment,
  { maxBatchSize }: TritonOptions,
  shared: Message,
): Files {
  const { manifest } = bundle;
  checkCombinable(manifest);
  const predictions = manifest.outputs.filter(({ role }) => role === 'prediction');
  const members = manifest.members.flatMap(({ file }, index) => {
    const member = `${name}_member_${index}`;
    const text = textProto({
      name: member,
      platform: 'onnxruntime_onnx',
      max_batch_size: maxBatchSize,
      input: manifest.inputs.map(tensorConfig),
      output: predictions.map(tensorConfig),
      ...shared,
    });
    return [
      [`${member}/1/model.onnx`, bundle.streamFile(file!)],
      [`${member}/config.pbtxt`, text],
    ];
  });
  const combination = textProto({
    name,
    backend: 'python',
    max_batch_size: maxBatchSize,
    input: manifest.inputs.map(tensorConfig),
    output: manifest.outputs.map((output) => outputConfig(manifest, output)),
    ...shared,
    parameters: undefined,
    // The combination itself is light, and runs where Python runs.
    instance_group: [{ count: 1, kind: { word: 'KIND_CPU' } }],
  });
  return {
    ...(Object.fromEntries(members) as Files),
    [`${name}/config.pbtxt`]: combination,
    [`${name}/1/model.py`]: tritonCombineProgram(),
    [`${name}/1/ensemble.json`]: `${JSON.stringify(combinationOf(manifest, name), undefined, 2)}\n`,
    ...labelFiles(name, manifest),
  };
}

function checkCombinable(manifest: BundleManifest): void {
  for (const [output, { combine }] of Object.entries(manifest.policy))
    if (!rules.includes(combine))
      throw new UsageError(
        `deploy triton: output "${output}" is combined by ${combine}, which the step for members cannot do. Allowed: ${rules.join(', ')}; or export the bundle with --form fused.`,
      );
  for (const { name, role } of manifest.outputs)
    if (!roles.includes(role))
      throw new UsageError(
        `deploy triton: output "${name}" is of role ${role}, which the step for members cannot give. Export the bundle with --form fused, or without it.`,
      );
}

/** What the step reads: members' models, and how each output is made. */
function combinationOf(manifest: BundleManifest, name: string): object {
  return {
    members: manifest.members.map((_, index) => `${name}_member_${index}`),
    inputs: manifest.inputs.map((input) => input.name),
    outputs: manifest.outputs.map((output) => ({
      name: output.name,
      role: output.role,
      of: output.of,
    })),
    policy: manifest.policy,
  };
}
