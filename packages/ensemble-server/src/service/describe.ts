import { wireShape, wireTypes } from '../codec/datatypes.ts';
import type { Model } from '../repository/model.ts';
import { describeOutputs, type DescribedOutput } from './outputs.ts';

export const SERVER_NAME = 'snapshot-ensemble';
export const PLATFORM = 'snapshot_ensemble';

/** Extensions of the protocol that this server has, in Triton's words. */
export function extensions(isAdminOn: boolean): readonly string[] {
  return [
    'binary_tensor_data',
    'classification',
    'model_configuration',
    ...(isAdminOn ? ['model_repository'] : []),
    'parameters',
    'statistics',
  ];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly DescribedOutput[];
  readonly outputs: readonly DescribedOutput[];
  readonly properties: Readonly<Record<string, string>>;
}

export function modelMetadata(model: Model, versions: readonly string[]): ModelMetadata {
  const { manifest, ensemble } = model;
  return {
    name: model.name,
    versions,
    platform: PLATFORM,
    inputs: manifest.inputs.map((input) => ({
      name: input.name,
      datatype: wireTypes[input.dtype].datatype,
      shape: wireShape(input),
    })),
    outputs: describeOutputs(model),
    properties: {
      members: String(manifest.members.length),
      device: ensemble.device.used,
      ...(ensemble.revision !== '' && { revision: ensemble.revision }),
      ...(model.card !== undefined && {
        card: `/v2/models/${encodeURIComponent(model.name)}/card`,
      }),
    },
  };
}

export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  readonly max_batch_size: number;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
  readonly dynamic_batching: {
    readonly preferred_batch_size: readonly number[];
    readonly max_queue_delay_microseconds: number;
  };
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
}

export interface ConfigTensor {
  readonly name: string;
  readonly data_type: string;
  /** Without the batch. */
  readonly dims: readonly number[];
}

/** A model in the words of Triton's ModelConfig. Requests of any size are taken; `max_batch_size` rows run together. */
export function modelConfig(model: Model): ModelConfig {
  const { inputs } = modelMetadata(model, []);
  const tensor = ({ name, datatype, shape }: DescribedOutput): ConfigTensor => ({
    name,
    data_type: datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`,
    dims: shape.slice(1),
  });
  return {
    name: model.name,
    platform: PLATFORM,
    backend: PLATFORM,
    max_batch_size: model.ensemble.settings.maxBatchRows,
    input: inputs.map(tensor),
    output: model.manifest.outputs.map((output) =>
      tensor({
        name: output.name,
        datatype: wireTypes[output.dtype].datatype,
        shape: wireShape(output),
      }),
    ),
    dynamic_batching: { preferred_batch_size: [], max_queue_delay_microseconds: 0 },
    parameters: {
      members: { string_value: String(model.manifest.members.length) },
      policy: { string_value: JSON.stringify(model.manifest.policy) },
    },
  };
}
