import type {
  BundleManifest,
  OpenInferenceTensor,
  SmokeTest,
} from '@snapshot-ensemble/ensemble-bundle';
import { UsageError } from '../run-main.ts';
import type { Deployment, Files } from './deployment.ts';
import { checkModelName } from './names.ts';
import { textProto, type Message } from './text-proto.ts';
import { labelFiles, outputConfig } from './triton-labels.ts';
import { tritonMembers } from './triton-members.ts';
import {
  servingConfig,
  tensorConfig,
  warmUpConfig,
  warmUpFile,
  type TritonOptions,
} from './triton-config.ts';

// onnxruntime 1.15, which the oldest image that KServe names carries, ends here.
const NEWEST_OPSET = 19;

/**
 * A Triton model repository: the ensemble's graph as one model, or, where the bundle keeps its members apart, each member as a model and a
 * step in Triton's Python backend that combines them. Throws `UsageError`.
 */
export async function tritonRepository(
  deployment: Deployment,
  options: TritonOptions,
): Promise<Files> {
  const { bundle } = deployment;
  const name = checkModelName(deployment.name);
  const { manifest } = bundle;
  if (manifest.opset > NEWEST_OPSET)
    throw new UsageError(
      `deploy triton: the bundle's graphs use opset ${manifest.opset}, Triton's images read up to ${NEWEST_OPSET}. Export it with opset 17.`,
    );
  const smoke = await bundle.readSmokeTest();
  const warmUp = smoke === undefined ? {} : warmUpConfig(manifest.inputs);
  const shared: Message = { ...servingConfig(options), ...warmUp, ...threads(options) };
  const files =
    manifest.form === 'separate'
      ? tritonMembers({ ...deployment, name }, options, shared)
      : { ...graphFiles({ ...deployment, name }), ...config(manifest, name, options, shared) };
  return { ...files, ...warmUpFiles(name, manifest, smoke) };
}

function graphFiles({ bundle, name }: Deployment): Files {
  const { manifest } = bundle;
  const { graph } = manifest;
  if (graph === undefined)
    throw new UsageError(
      `deploy triton: the bundle's form is "${manifest.form}", which Triton has no model for. Export it with --form fused, stacked or separate.`,
    );
  const data = `${graph}.data`;
  if (!Object.hasOwn(manifest.files, data))
    return { [`${name}/1/model.onnx`]: bundle.streamFile(graph) };
  // With weights outside, Triton takes a folder in the model's place.
  const folder = `${name}/1/model.onnx`;
  return {
    [`${folder}/model.onnx`]: bundle.streamFile(graph),
    [`${folder}/${data.split('/').at(-1)!}`]: bundle.streamFile(data),
  };
}

function config(
  manifest: BundleManifest,
  name: string,
  { maxBatchSize }: TritonOptions,
  shared: Message,
): Files {
  return {
    [`${name}/config.pbtxt`]: textProto({
      name,
      platform: 'onnxruntime_onnx',
      max_batch_size: maxBatchSize,
      input: manifest.inputs.map(tensorConfig),
      output: manifest.outputs.map((output) => outputConfig(manifest, output)),
      ...shared,
    }),
    ...labelFiles(name, manifest),
  };
}

/** One thread a copy on the CPU: copies side by side, each with a pool of its own, would slow each other down. */
function threads({ device }: TritonOptions): Message {
  if (device === 'gpu') return {};
  const parameter = (key: string): Message => ({ key, value: { string_value: '1' } });
  return { parameters: [parameter('intra_op_thread_count'), parameter('inter_op_thread_count')] };
}

function warmUpFiles(
  name: string,
  { form, members }: BundleManifest,
  smoke: SmokeTest | undefined,
): Files {
  if (smoke === undefined) return {};
  const models =
    form === 'separate' ? members.map((_, index) => `${name}_member_${index}`) : [name];
  return Object.fromEntries(
    models.flatMap((model) =>
      smoke.request.inputs
        .filter(hasNumbers)
        .map((sent) => [`${model}/warmup/${warmUpFile(sent.name)}`, firstRow(sent)]),
    ),
  );
}

const arrays = {
  FP32: (data: readonly number[]) => Float32Array.from(data),
  INT32: (data: readonly number[]) => Int32Array.from(data),
  INT64: (data: readonly number[]) => BigInt64Array.from(data, BigInt),
  UINT8: (data: readonly number[]) => Uint8Array.from(data),
  BOOL: (data: readonly number[]) => Uint8Array.from(data),
};

interface Sent extends OpenInferenceTensor {
  readonly datatype: keyof typeof arrays;
}

function hasNumbers(tensor: OpenInferenceTensor): tensor is Sent {
  return tensor.datatype !== 'FP16';
}

function firstRow({ shape, datatype, data }: Sent): Uint8Array {
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const { buffer } = arrays[datatype](data.slice(0, size).map(Number));
  return new Uint8Array(buffer);
}
