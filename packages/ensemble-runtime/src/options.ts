import { availableParallelism } from 'node:os';
import type { DeviceRequest, OrtModule } from './session.ts';

/** Where sessions run. */
export type ExecutorKind = 'process' | 'thread' | { readonly ort: OrtModule };

export interface LoadOptions {
  /** `auto` takes CUDA where a session opens on it, else the CPU; `ensemble.device` says which and why. Default `cpu`. */
  readonly device?: DeviceRequest;
  /** Threads with a session each, hence copies of the weights. More than one trades latency for throughput. Default 1. */
  readonly workers?: number;
  /** Cores one worker computes on. Default all cores divided by `workers`. */
  readonly threads?: number;
  /**
   * Whether idle cores wait actively for the next operation: faster for small batches, but it takes the time from everything
   * else on the machine. Default false.
   */
  readonly spinning?: boolean;
  /** Rows that are put together at most. Default 64. */
  readonly maxBatchRows?: number;
  /** Rows that may wait; a request that would exceed it is refused with `overloaded`. Default 4096. */
  readonly maxQueueRows?: number;
}

const devices: readonly string[] = ['cpu', 'cuda', 'auto'] satisfies DeviceRequest[];

/** Fills in the defaults. Throws `RangeError` for values that cannot be meant. */
export function resolveOptions(options: LoadOptions): Required<LoadOptions> {
  const { device = 'cpu', workers = 1, spinning = false } = options;
  const { maxBatchRows = 64, maxQueueRows = 4096 } = options;
  // Divided by a wrong number of workers it would be wrong itself; that number is refused below.
  const share = Math.max(1, Math.floor(availableParallelism() / workers) || 1);
  const { threads = share } = options;
  if (!devices.includes(device))
    throw new RangeError(
      `loadEnsemble: device is ${JSON.stringify(device)}. Allowed: ${devices.join(', ')}.`,
    );
  for (const [name, value] of Object.entries({ workers, threads, maxBatchRows, maxQueueRows }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`loadEnsemble: ${name} is ${value}. Pass a whole number from 1.`);
  return { device, workers, threads, spinning, maxBatchRows, maxQueueRows };
}
