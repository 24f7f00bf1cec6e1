import { isProcessAlive, processIdentity } from '@snapshot-ensemble/bytes/node';
import type { Holder } from '../platform/platform.ts';

/** This process. Others on the same host are asked for by a signal of 0 and, on Linux, by their start time. */
export async function currentHolder(): Promise<Holder> {
  return { identity: await processIdentity(), isAlive: isProcessAlive };
}
