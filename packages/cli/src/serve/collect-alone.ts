import { setFlagsFromString } from 'node:v8';

/**
 * Short-lived garbage, of which a request makes much, is collected by the thread that serves, alone: V8's helpers wait for a core behind the batches
 * that are computed there, and the thread waits for its helpers. V8 asks for this flag at every collection; that of `node --single-threaded-gc`,
 * which is more, only a start can set: changed later, its marking flags end the process.
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
}
