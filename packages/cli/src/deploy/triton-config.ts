import type { BundleDType, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { Message } from './text-proto.ts';

/** Names of dtypes in Triton's `model_config.proto`. */
const dataTypes: Readonly<Record<BundleDType, string>> = {
  float32: 'TYPE_FP32',
  float16: 'TYPE_FP16',
  int32: 'TYPE_INT32',
  int64: 'TYPE_INT64',
  uint8: 'TYPE_UINT8',
  bool: 'TYPE_BOOL',
};

export interface TritonOptions {
  readonly device: 'cpu' | 'gpu';
  /** Copies of the model on each device. */
  readonly instances: number;
  /** Rows in a batch, at most. */
  readonly maxBatchSize: number;
  /** How long the first request of a batch may wait for others, in microseconds. */
  readonly maxQueueDelay: number;
}

/** A tensor's dimensions without the batch, -1 where a request chooses; Triton wants at least one, and is told of the real shape. */
export function tensorConfig({ name, dtype, shape }: BundleTensor): Message {
  const dims = shape.slice(1).map((side) => (typeof side === 'number' ? side : -1));
  const data_type = { word: dataTypes[dtype] };
  if (dims.length > 0) return { name, data_type, dims };
  return { name, data_type, dims: [1], reshape: {} };
}

/** What all models of a repository have in common: batches, queues that refuse when full, copies, the newest version only. */
export function servingConfig(options: TritonOptions): Message {
  return {
    version_policy: { latest: { num_versions: 1 } },
    instance_group: [
      {
        count: options.instances,
        kind: { word: options.device === 'gpu' ? 'KIND_GPU' : 'KIND_CPU' },
      },
    ],
    dynamic_batching: {
      max_queue_delay_microseconds: options.maxQueueDelay,
      default_queue_policy: {
        timeout_action: { word: 'REJECT' },
        default_timeout_microseconds: 1_000_000,
        allow_timeout_override: true,
        max_queue_size: 4 * options.maxBatchSize,
      },
    },
  };
}

/** One row of the smoke request, so that a model is warm before it is ready. */
export function warmUpConfig(inputs: readonly BundleTensor[]): Message {
  const entries = inputs.map((input) => {
    const { data_type, dims } = tensorConfig(input);
    // A smoke request is JSON, which has no float16.
    const content =
      input.dtype === 'float16' ? { zero_data: true } : { input_data_file: warmUpFile(input.name) };
    return { key: input.name, value: { data_type, dims, ...content } };
  });
  return { model_warmup: [{ name: 'smoke', batch_size: 1, count: 1, inputs: entries }] };
}

/** File in the model's folder `warmup`. */
export function warmUpFile(input: string): string {
  return `${input.replaceAll(/[^A-Za-z0-9_.-]/g, '_')}.bin`;
}
