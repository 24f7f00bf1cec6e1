import * as v from 'valibot';
import type { BlobStore, Version } from '../blob-store.ts';
import type { Holder, HolderIdentity } from '../platform/platform.ts';
import type { Training } from '../protocol.ts';
import { StoreError } from '../store-error.ts';
import { ownRuns } from './own-runs.ts';
import { compareAndSwap, readVersioned } from './versioned.ts';

export const lockKey = 'lock.json';

/** How often others may win the race for the lock before we give up. */
const attempts = 10;

const lockSchema = v.object({
  /** Null once the lock was released. */
  holder: v.nullable(
    v.object({
      host: v.string(),
      boot: v.string(),
      pid: v.number(),
      start: v.string(),
      /** Tells two runs of one process apart. */
      token: v.string(),
    }),
  ),
  since: v.string(),
  /** Milliseconds since the epoch; null for a lock that never expires. */
  expiresAt: v.nullable(v.number()),
});
type LockFile = v.InferOutput<typeof lockSchema>;
type LockHolder = NonNullable<LockFile['holder']>;

export interface LockOptions {
  readonly holder: Holder;
  readonly token: string;
  /** When this holder took the lock, for people. */
  readonly since: string;
  readonly now: () => number;
  /** After so many milliseconds without renewal another host may take over; infinite for never. */
  readonly expiresAfterMs: number;
}

/**
 * Takes the writer's lock for a training and returns its version; what this process left behind on the store is closed
 * first. Throws `StoreError('locked')`, naming the holder.
 */
export async function acquireLock(
  blobs: BlobStore,
  options: LockOptions,
  training?: Training,
): Promise<Version> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await readVersioned(blobs, lockKey);
    const lock = found && parseLock(found.bytes);
    const leftover = leftoverOf(lock?.holder ?? null, options.holder.identity, training);
    if (leftover !== undefined) {
      await leftover.abandon();
      continue;
    }
    if (lock !== undefined) await refuseIfHeld(lock, options);
    const version = await writeLock(blobs, lockOf(options), found?.version);
    if (version !== undefined) return version;
  }
  throw new StoreError('locked', 'Other writers took the lock in every attempt.', {
    key: lockKey,
  });
}

/** Moves the expiry of a lock that is held. Throws `StoreError('lock-lost')`. */
export async function renewLock(
  blobs: BlobStore,
  options: LockOptions,
  version: Version,
): Promise<Version> {
  const renewed = await writeLock(blobs, lockOf(options), version);
  if (renewed === undefined) throw lockLost();
  return renewed;
}

/** Does nothing if the lock is somebody else's by now. */
export async function releaseLock(
  blobs: BlobStore,
  options: LockOptions,
  version: Version,
): Promise<void> {
  await writeLock(blobs, { ...lockOf(options), holder: null }, version);
}

/** Removes the writer's lock, no matter who holds it: for when the holder is known to be gone. */
export async function breakLock(blobs: BlobStore): Promise<void> {
  await blobs.remove(lockKey);
}

export function lockLost(): StoreError {
  return new StoreError(
    'lock-lost',
    'Another writer has taken over this store. What was saved before is safe; begin again to continue.',
    { key: lockKey },
  );
}

function lockOf({ holder, token, since, now, expiresAfterMs }: LockOptions): LockFile {
  const expiresAt = now() + expiresAfterMs;
  return {
    holder: { ...holder.identity, token },
    since,
    expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
  };
}

function leftoverOf(
  holder: LockHolder | null,
  own: HolderIdentity,
  training: Training | undefined,
): { abandon(): Promise<void> } | undefined {
  if (holder === null || !isSame(holder, own)) return undefined;
  const run = ownRuns.get(holder.token);
  return run?.isLeftover(training) === true ? run : undefined;
}

async function refuseIfHeld(lock: LockFile, options: LockOptions): Promise<void> {
  const other = lock.holder;
  if (other === null || other.token === options.token) return;
  if (isSame(other, options.holder.identity)) throw heldByThisProcess(lock.since, other.pid);
  const alive = await options.holder.isAlive(other);
  const isExpired = lock.expiresAt !== null && lock.expiresAt <= options.now();
  if (alive === false || (alive === undefined && isExpired)) return;
  const limit =
    lock.expiresAt === null ? 'for good' : `until ${new Date(lock.expiresAt).toISOString()}`;
  throw new StoreError(
    'locked',
    `Another writer holds this store: process ${other.pid} on ${other.host}, since ${lock.since}, ` +
      `${alive === true ? 'and still runs' : limit}. Wait for it, give this run a store of its own, or, ` +
      'if that writer is gone for good, call breakLock(blobs).',
    { key: lockKey },
  );
}

function isSame(a: HolderIdentity, b: HolderIdentity): boolean {
  return a.host === b.host && a.boot === b.boot && a.pid === b.pid && a.start === b.start;
}

/** Also if another thread of this process holds it, or another copy of this package. */
function heldByThisProcess(since: string, pid: number): StoreError {
  return new StoreError(
    'locked',
    `This process${pid > 0 ? ` (${pid})` : ''} already holds this store: a run began on it at ${since} and is not closed. ` +
      'Close that run first, or give this one a store of its own; callbacks of one training run share it if they get ' +
      'the same store object.',
    { key: lockKey },
  );
}

function writeLock(
  blobs: BlobStore,
  lock: LockFile,
  ifMatch: Version | undefined,
): Promise<Version | undefined> {
  const bytes = new TextEncoder().encode(JSON.stringify(lock));
  const condition = ifMatch === undefined ? { ifAbsent: true as const } : { ifMatch };
  return compareAndSwap(blobs, lockKey, bytes, condition);
}

function parseLock(bytes: Uint8Array): LockFile {
  try {
    return v.parse(lockSchema, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new StoreError(
      'damaged',
      `"${lockKey}" cannot be read. If nobody writes to this store, call breakLock(blobs).`,
      { key: lockKey, cause },
    );
  }
}
