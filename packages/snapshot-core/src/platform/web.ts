import type { Holder } from './platform.ts';

export { sha256 } from './sha256.ts';

/** A holder of whom nothing is known from outside: others wait until its lock expires. */
export function currentHolder(): Promise<Holder> {
  return Promise.resolve({
    identity: { host: crypto.randomUUID(), pid: 0, processStart: '' },
    isAlive: () => Promise.resolve(undefined),
  });
}
