import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import type { CoreBudget } from './cores/budget.ts';
import type { DeviceRequest } from './executor/port.ts';
import type { OrtModule } from './executor/ort-module.ts';

/**
 * Where sessions run. `process`: child processes, whose crashes do not reach this process and whose memory is freed
 * when they end. `thread`: worker threads, faster by some tens of microseconds per batch, without isolation. `{ ort }`:
 * on the calling thread, with the module passed in.
 */
export type ExecutorKind = 'process' | 'thread' | { readonly ort: OrtModule };

export interface BatchingOptions {
  /** Rows that run together at most; larger requests are cut. Default 64. */
  readonly maxRows?: number;
  /**
   * Bytes that the inputs and outputs of all unanswered requests may hold; what would exceed it is refused with `overloaded`. Large requests
   * may hold three quarters of it. Default 256 MiB.
   */
  readonly maxHeldBytes?: number;
}

/** Options that do not depend on where sessions run. */
export interface CommonOptions {
  /** `auto` takes CUDA where a session opens on it, else the CPU; `ensemble.device` says which and why. Default `cpu`. */
  readonly device?: DeviceRequest;
  readonly batching?: BatchingOptions;
  /**
   * `policy` lets rows leave early where the bundle's policy has a cascade and its form allows it; `off` runs all members for every
   * row. Default `policy`.
   */
  readonly cascade?: 'policy' | 'off';
}

export interface LoadOptions extends CommonOptions {
  /** Default `process`. */
  readonly executor?: ExecutorKind;
  /**
   * `latency`: one worker on all cores, the shortest time for a batch. `throughput`: one worker per core, the most
   * batches per second. Default what `tune` found for this machine, else `latency`.
   */
  readonly mode?: 'latency' | 'throughput';
  /** Executors with a session each, hence copies of the weights. Default as `mode` says. */
  readonly workers?: number;
  /** Cores that one worker computes on. Default as `mode` says, all cores divided by the workers. */
  readonly threads?: number;
  /**
   * Whether idle cores wait actively for the next operation: faster for small batches, but it takes processor time from
   * everything else on the machine. Default false.
   */
  readonly spinning?: boolean;
  /** `shared` puts ensembles with the same `cores` into the same processes, `own` gives this one its own. Default `shared`. */
  readonly processes?: 'shared' | 'own';
  /** The cores that this ensemble shares with others. Default one budget for all ensembles of this process: all cores it may use. */
  readonly cores?: CoreBudget;
  /** Time in milliseconds after which a run counts as stuck and its process is killed; threads cannot be killed. Default 120,000. */
  readonly watchdogMs?: number;
  /**
   * Niceness of its processes, from 0 to 19 as in Unix. Above 0, this process answers at once while they compute; other
   * programs on the machine come first too. Default 0.
   */
  readonly niceness?: number;
}

/** What an ensemble runs with. */
export interface Settings {
  readonly device: DeviceRequest;
  readonly workers: number;
  readonly threads: number;
  readonly spinning: boolean;
  readonly maxBatchRows: number;
  readonly maxHeldBytes: number;
  readonly cascade: 'policy' | 'off';
  readonly watchdogMs: number;
}

const choices = {
  device: ['cpu', 'cuda', 'auto'],
  mode: ['latency', 'throughput'],
  cascade: ['policy', 'off'],
  processes: ['shared', 'own'],
} as const satisfies Partial<Record<keyof LoadOptions, readonly string[]>>;

const MIB = 1024 * 1024;

const known: KnownOptions<LoadOptions> = {
  device: true,
  batching: true,
  cascade: true,
  executor: true,
  mode: true,
  workers: true,
  threads: true,
  spinning: true,
  processes: true,
  cores: true,
  watchdogMs: true,
  niceness: true,
};

/** Fills in the defaults. Throws `RangeError` for values that cannot be meant. */
export function resolveOptions(options: LoadOptions, cores: number): Settings {
  checkOptions('loadEnsemble', options, known);
  checkOptions('loadEnsemble: batching', options.batching, { maxRows: true, maxHeldBytes: true });
  for (const [name, allowed] of Object.entries(choices)) {
    const value = options[name as keyof typeof choices];
    if (value !== undefined && !(allowed as readonly string[]).includes(value))
      throw new RangeError(
        `loadEnsemble: ${name} is ${JSON.stringify(value)}. Allowed: ${allowed.join(', ')}.`,
      );
  }
  checkExecutor(options.executor);
  const { mode = 'latency', workers = mode === 'latency' ? 1 : cores } = options;
  // Divided by a wrong number of workers it would be wrong itself; that number is refused below.
  const { threads = Math.max(1, Math.floor(cores / workers) || 1), watchdogMs = 120_000 } = options;
  const { maxRows = 64, maxHeldBytes = 256 * MIB } = options.batching ?? {};
  const counts = { workers, threads, 'batching.maxRows': maxRows, watchdogMs };
  for (const [name, value] of Object.entries({ ...counts, 'batching.maxHeldBytes': maxHeldBytes }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`loadEnsemble: ${name} is ${value}. Pass a whole number from 1.`);
  checkNiceness(options);
  const { device = 'cpu', spinning = false, cascade = 'policy' } = options;
  return {
    device,
    workers,
    threads,
    spinning,
    maxBatchRows: maxRows,
    maxHeldBytes,
    cascade,
    watchdogMs,
  };
}

function checkExecutor(executor: LoadOptions['executor'] = 'process'): void {
  const isModule = typeof executor === 'object' && 'InferenceSession' in executor.ort;
  if (executor === 'process' || executor === 'thread' || isModule) return;
  throw new RangeError(
    `loadEnsemble: executor is ${JSON.stringify(executor)}. Allowed: 'process', 'thread', or { ort } with the module of onnxruntime-node or onnxruntime-web.`,
  );
}

function checkNiceness({ niceness, executor = 'process' }: LoadOptions): void {
  if (niceness === undefined) return;
  if (executor !== 'process')
    throw new RangeError(
      `loadEnsemble: niceness is ${niceness}, but only processes have one. Leave it out, or use executor: 'process'.`,
    );
  if (!Number.isSafeInteger(niceness) || niceness < 0 || niceness > 19)
    throw new RangeError(
      `loadEnsemble: niceness is ${niceness}. Pass a whole number from 0 to 19.`,
    );
}
