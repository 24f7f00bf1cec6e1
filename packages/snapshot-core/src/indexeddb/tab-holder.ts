import type { Holder } from '../platform/platform.ts';

/**
 * This tab or worker as a holder. It holds a Web Lock as long as it lives, so that others of the same origin
 * in the same browser can tell; only for stores that nobody else can reach.
 */
export function tabHolder(): Promise<Holder> {
  return (own ??= holdTab());
}

let own: Promise<Holder> | undefined;

async function holdTab(): Promise<Holder> {
  const name = `snapshot-core/holder/${crypto.randomUUID()}`;
  await new Promise<void>((resolve) => {
    void navigator.locks.request(name, () => {
      resolve();
      // Never settles: the browser frees the lock when the tab goes.
      return new Promise<never>(() => undefined);
    });
  });
  return {
    identity: { host: location.origin, boot: '', pid: 0, start: name },
    isAlive: async (other) => {
      if (other.host !== location.origin) return undefined;
      const { held = [] } = await navigator.locks.query();
      return held.some((lock) => lock.name === other.start);
    },
  };
}
