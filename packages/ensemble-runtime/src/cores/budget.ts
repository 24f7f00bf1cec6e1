import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { cgroupCores, type ReadFile } from './cgroup.ts';
import { gate, type Gate } from './gate.ts';

/**
 * Cores that ensembles share: a batch starts when as many cores are free as its worker computes on. Give the same
 * object to all ensembles that share these cores.
 */
export interface CoreBudget extends Gate {
  /** A whole number of cores, from 1. */
  readonly limit: number;
}

/** A budget of `limit` cores. Default what this process may use: `availableCores()`. Throws `RangeError`. */
export function coreBudget(limit: number = availableCores()): CoreBudget {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`coreBudget: limit is ${limit}. Pass a whole number from 1.`);
  return { ...gate(limit), limit };
}

/** Cores that this process may use: those of its affinity, or fewer where a container's quota says so (rounded down, at least 1). */
export function availableCores(read: ReadFile = readText): number {
  const quota = process.platform === 'linux' ? cgroupCores(read) : undefined;
  const cores = availableParallelism();
  return quota === undefined ? cores : Math.max(1, Math.min(cores, Math.floor(quota)));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
