import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { checkCombinable } from './combinable.ts';
import type { Deployment, Files } from './deployment.ts';
import { textProto, type Message } from './text-proto.ts';
import { tensorConfig, type TritonOptions } from './triton-config.ts';
import { labelFiles, outputConfig } from './triton-labels.ts';
import { tritonCombineProgram } from './triton-combine.ts';

/** Every member a model of its own, and a step in Triton's Python backend (BLS) that asks them and combines. Throws `UsageError`. */
export function tritonMembers(
  { bundle, name }: Deployment,
  { maxBatchSize }: TritonOptions,
  shared: Message,
): Files {
  const { manifest } = bundle;
  checkCombinable('triton', manifest);
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
    // Triton refuses calls from model to model while it is still loading; the members are warm by themselves.
    model_warmup: undefined,
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
