import type { BlobStore } from '../blob-store.ts';
import type { Training } from '../protocol.ts';
import { acquireLock, releaseLock, renewLock, type LockOptions } from './lock.ts';

/** The writer's lock, held. */
export interface HeldLock {
  /** Renews the lock if it is old. Throws `StoreError('lock-lost')` if somebody else has it by now. */
  readonly check: () => Promise<void>;
  /** Renews the lock whatever its age. */
  readonly renew: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** A timer set for longer fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Takes the lock and keeps it alive: in the background, and at each check in case a busy loop starved the timer. */
export async function holdLock(
  blobs: BlobStore,
  options: LockOptions,
  training: Training | undefined,
): Promise<HeldLock> {
  const interval = options.expiresAfterMs / 3;
  let version = await acquireLock(blobs, options, training);
  let renewedAt = options.now();
  let queue: Promise<void> = Promise.resolve();

  const inTurn = (action: () => Promise<void>): Promise<void> => {
    const done = queue.then(action);
    queue = done.catch(() => undefined);
    return done;
  };
  const renewNow = async (): Promise<void> => {
    version = await renewLock(blobs, options, version);
    renewedAt = options.now();
  };
  const check = (): Promise<void> =>
    inTurn(async () => {
      if (options.now() - renewedAt >= interval) await renewNow();
    });
  const timer = setInterval(
    () => {
      // A lock that cannot be renewed is reported by the next write.
      check().catch(() => undefined);
    },
    Math.min(interval, longestTimerMs),
  );
  keepFromHoldingTheProcess(timer);

  return {
    check,
    renew: () => inTurn(renewNow),
    async release() {
      clearInterval(timer);
      await queue;
      await releaseLock(blobs, options, version);
    },
  };
}

/** In Node a timer keeps the process alive unless told not to. */
function keepFromHoldingTheProcess(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
