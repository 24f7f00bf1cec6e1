import type { BlobStore, Version } from '../blob-store.ts';
import type { Training } from '../protocol.ts';
import type { Manifest } from '../snapshot-store.ts';
import { manifestKey } from './damaged-manifest.ts';
import { findRun, writeManifest, type FoundRun } from './found-run.ts';
import { holdLock, type HeldLock } from './held-lock.ts';
import { lockLost, type LockOptions } from './lock.ts';
import { namedBlobs, parseManifest } from './manifest.ts';
import { ownRuns } from './own-runs.ts';
import { readVersioned } from './versioned.ts';

/** A run being written, shared by the handles of one training: the lock, and the manifest as it was written last. */
export interface Session {
  readonly manifest: () => Manifest;
  /** Whether a callback of this training may still get a handle of this run. */
  readonly isSharedWith: (training: Training | undefined) => boolean;
  /** From now on the run has been written to: whoever begins it again begins anew. */
  readonly use: () => void;
  /** Throws `StoreError('lock-lost')` unless the run is still ours to write. */
  readonly check: () => Promise<void>;
  /** Replaces the manifest. One after the other; each sees the result of the one before. */
  readonly update: (change: (manifest: Manifest) => Manifest) => Promise<Manifest>;
  readonly join: () => void;
  /** The last handle to leave frees the lock. */
  readonly leave: () => Promise<void>;
  /** Closes the run for every handle. */
  readonly abandon: () => Promise<void>;
}

/** How often a writer that was overtaken may put its last manifest in our way. */
const attempts = 5;

/** Takes the lock, lets `prepare` find or make the manifest, and keeps both for the time of a run. */
export async function openSession(
  blobs: BlobStore,
  options: LockOptions,
  training: Training | undefined,
  prepare: () => Promise<FoundRun>,
): Promise<Session> {
  let handles = 0;
  let isUsed = false;
  let isClosed = false;
  let lock: HeldLock | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await queue;
    await lock?.release();
    ownRuns.delete(options.token);
  };
  ownRuns.set(options.token, {
    isLeftover: (next) =>
      training !== undefined &&
      (training.isTraining?.() === false || (isUsed && training === next)),
    abandon: close,
  });

  let found: FoundRun;
  try {
    lock = await holdLock(blobs, options, training);
    found = await prepare();
  } catch (error) {
    await close();
    throw error;
  }
  const held = lock;

  const write = async (change: (manifest: Manifest) => Manifest): Promise<Manifest> => {
    await held.check();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const manifest = change(found.manifest);
      const version: Version | undefined = await writeManifest(blobs, manifest, {
        ifMatch: found.version,
      });
      if (version !== undefined) {
        found = { manifest, version };
        return manifest;
      }
      // The lock is ours, so this was the last write of one who lost it: go on from what it left.
      await held.renew();
      const left = await findRun(blobs);
      if (left?.manifest.run !== found.manifest.run) break;
      found = left;
    }
    throw lockLost();
  };

  return {
    manifest: () => found.manifest,
    isSharedWith: (other) => !isClosed && !isUsed && training !== undefined && training === other,
    use() {
      if (isClosed) throw lockLost();
      isUsed = true;
    },
    check: held.check,
    update(change) {
      const result = queue.then(() => write(change));
      queue = result.catch(() => undefined);
      return result;
    },
    join() {
      handles += 1;
    },
    async leave() {
      handles -= 1;
      isUsed = true;
      if (handles === 0) await close();
    },
    abandon: close,
  };
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
