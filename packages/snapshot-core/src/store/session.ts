import type { BlobStore, Version } from '../blob-store.ts';
import type { Manifest } from '../snapshot-store.ts';
import { acquireLock, lockLost, releaseLock, renewLock, type LockOptions } from './lock.ts';
import { manifestKey } from './damaged-manifest.ts';
import { formatManifest, namedBlobs, parseManifest } from './manifest.ts';
import { compareAndSwap, readVersioned } from './versioned.ts';

/** A run being written: who writes it, and the manifest as it was written last. */
export interface Session {
  /** Names under which the run was begun and not yet ended. */
  readonly users: Set<string>;
  readonly manifest: () => Manifest;
  /** Replaces the manifest. One after the other; each sees the result of the one before. */
  readonly update: (change: (manifest: Manifest) => Manifest) => Promise<Manifest>;
  /** Releases the lock. */
  readonly close: () => Promise<void>;
}

/** Takes the lock, lets `prepare` find or make the manifest, and keeps both for the time of a run. */
export async function openSession(
  blobs: BlobStore,
  lock: LockOptions,
  prepare: () => Promise<{ readonly manifest: Manifest; readonly version: Version }>,
): Promise<Session> {
  const heldLock = await holdLock(blobs, lock);
  try {
    let { manifest, version } = await prepare();
    let queue: Promise<unknown> = Promise.resolve();

    const write = async (change: (manifest: Manifest) => Manifest): Promise<Manifest> => {
      await heldLock.renewIfDue();
      const next = change(manifest);
      version = await writeManifest(blobs, next, { ifMatch: version });
      manifest = next;
      return next;
    };

    return {
      users: new Set(),
      manifest: () => manifest,
      update(change) {
        const result = queue.then(() => write(change));
        queue = result.catch(() => undefined);
        return result;
      },
      close: async () => {
        await queue;
        await heldLock.release();
      },
    };
  } catch (error) {
    await heldLock.release();
    throw error;
  }
}

/** Names a blob that was just written; removes it again if that fails, so that it takes no space. */
export async function nameBlob(
  blobs: BlobStore,
  session: Session,
  key: string,
  change: (manifest: Manifest) => Manifest,
): Promise<void> {
  try {
    await session.update(change);
  } catch (error) {
    if (!(await isNamed(blobs, key))) await blobs.remove(key);
    throw error;
  }
}

/** Also true if it cannot be found out: what might be named is kept. */
async function isNamed(blobs: BlobStore, key: string): Promise<boolean> {
  try {
    const found = await readVersioned(blobs, manifestKey);
    return (
      found !== undefined && namedBlobs(parseManifest(found.bytes)).some((blob) => blob.key === key)
    );
  } catch {
    return true;
  }
}

export async function writeManifest(
  blobs: BlobStore,
  manifest: Manifest,
  condition: { readonly ifAbsent: true } | { readonly ifMatch: Version },
): Promise<Version> {
  const version = await compareAndSwap(blobs, manifestKey, formatManifest(manifest), condition);
  if (version === undefined) throw lockLost();
  return version;
}

interface HeldLock {
  readonly renewIfDue: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Keeps the lock alive: in the background, and before each write in case a busy loop starved the timer. */
async function holdLock(blobs: BlobStore, options: LockOptions): Promise<HeldLock> {
  const interval = options.expiresAfterMs / 3;
  let version = await acquireLock(blobs, options);
  let renewedAt = options.now();
  let queue: Promise<void> = Promise.resolve();

  const renew = async (): Promise<void> => {
    if (options.now() - renewedAt < interval) return;
    version = await renewLock(blobs, options, version);
    renewedAt = options.now();
  };
  const renewIfDue = (): Promise<void> => {
    const renewed = queue.then(renew);
    queue = renewed.catch(() => undefined);
    return renewed;
  };
  const timer = setInterval(() => {
    // A lock that cannot be renewed is reported by the next write.
    renewIfDue().catch(() => undefined);
  }, interval);
  keepFromHoldingTheProcess(timer);

  return {
    renewIfDue,
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
