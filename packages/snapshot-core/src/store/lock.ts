import * as v from 'valibot';
import type { BlobStore, Version } from '../blob-store.ts';
import type { Holder } from '../platform/platform.ts';
import { StoreError } from '../store-error.ts';
import { compareAndSwap, readVersioned } from './versioned.ts';

export const lockKey = 'lock.json';

/** How often others may win the race for the lock before we give up. */
const attempts = 10;

const lockSchema = v.object({
  /** Null once the lock was released. */
  holder: v.nullable(
    v.object({
      host: v.string(),
      pid: v.number(),
      processStart: v.string(),
      /** Tells two stores of one process apart. */
      token: v.string(),
    }),
  ),
  since: v.string(),
  expiresAt: v.number(),
});
type LockFile = v.InferOutput<typeof lockSchema>;

export interface LockOptions {
  readonly holder: Holder;
  readonly token: string;
  /** When this holder took the lock, for people. */
  readonly since: string;
  readonly now: () => number;
  /** After so many milliseconds without renewal another host may take over. */
  readonly expiresAfterMs: number;
}

/** Takes the writer's lock and returns its version. Throws `StoreError('locked')`, naming the holder. */
export async function acquireLock(blobs: BlobStore, options: LockOptions): Promise<Version> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await readVersioned(blobs, lockKey);
    if (found !== undefined) await refuseIfHeld(parseLock(found.bytes), options);
    const version = await writeLock(blobs, lockOf(options), found?.version);
    if (version !== undefined) return version;
  }
  throw new StoreError('locked', 'Other writers won the race for the lock every time.', {
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

export async function releaseLock(
  blobs: BlobStore,
  options: LockOptions,
  version: Version,
): Promise<void> {
  await writeLock(blobs, { ...lockOf(options), holder: null }, version);
}

/** Removes the writer's lock, whoever holds it: for when the holder is known to be gone. */
export async function breakLock(blobs: BlobStore): Promise<void> {
  await blobs.remove(lockKey);
}

export function lockLost(): StoreError {
  return new StoreError(
    'lock-lost',
    'Somebody else has taken over this store and writes to it now. What was saved before is safe; begin again to go on.',
    { key: lockKey },
  );
}

function lockOf({ holder, token, since, now, expiresAfterMs }: LockOptions): LockFile {
  return {
    holder: { ...holder.identity, token },
    since,
    expiresAt: now() + expiresAfterMs,
  };
}

async function refuseIfHeld(lock: LockFile, options: LockOptions): Promise<void> {
  const other = lock.holder;
  if (other === null || other.token === options.token) return;
  const alive = await options.holder.isAlive(other);
  if (alive === false || (alive === undefined && lock.expiresAt <= options.now())) return;
  const until =
    alive === true ? 'and still runs' : `until ${new Date(lock.expiresAt).toISOString()}`;
  throw new StoreError(
    'locked',
    `Another writer holds this store: process ${other.pid} on ${other.host}, since ${lock.since}, ${until}. ` +
      'Wait for it, give this run a store of its own, or, if that writer is gone for good, call breakLock(blobs).',
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
