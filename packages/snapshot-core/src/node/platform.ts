import { createHash } from 'node:crypto';
import type { Holder, Sha256 } from '../platform/platform.ts';
import { isProcessAlive, ownIdentity } from './process-identity.ts';

export function sha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => hash.digest('hex'),
  };
}

/** This process. Others on the same host are asked for by a signal of 0 and, on Linux, by their start time. */
export async function currentHolder(): Promise<Holder> {
  return { identity: await ownIdentity(), isAlive: isProcessAlive };
}
