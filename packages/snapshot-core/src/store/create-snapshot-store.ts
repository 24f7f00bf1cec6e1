import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import type { BlobStore } from '../blob-store.ts';
import { readAll } from '@snapshot-ensemble/bytes';
import { currentHolder } from '../platform/current.ts';
import type { Holder } from '../platform/platform.ts';
import type {
  BeginOptions,
  BlobRecord,
  Manifest,
  Run,
  RunDescription,
  SnapshotStore,
} from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { beginRun } from './begin-run.ts';
import { readCheckpoint } from './checkpoints.ts';
import { findRun } from './found-run.ts';
import type { LockOptions } from './lock.ts';
import { openRun } from './open-run.ts';
import { resumedManifest } from './resumed-manifest.ts';
import { openSession, type Session } from './session.ts';
import { readVerified, readVerifiedTensors } from './verified.ts';

export interface CreateSnapshotStoreOptions {
  /** Package versions to note in the manifest of a new run, by name. Default none. */
  readonly versions?: Readonly<Record<string, string>>;
  /**
   * After this many milliseconds without a sign of life another host may take over; Infinity for never. Default ten
   * minutes.
   */
  readonly lockExpiresAfterMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** The writer, as the lock names it; asked for when a run begins. Default this process. */
  readonly holder?: () => Promise<Holder>;
}

const tenMinutesMs = 10 * 60 * 1000;
const runIdLength = 8;

/** Every option of `createSnapshotStore`. */
export const knownStoreOptions: KnownOptions<CreateSnapshotStoreOptions> = {
  ...{ versions: true, lockExpiresAfterMs: true, now: true, holder: true },
};

/** A snapshot store on any blob store: one run, its members and its newest checkpoint. */
export function createSnapshotStore(
  blobs: BlobStore,
  options: CreateSnapshotStoreOptions = {},
): SnapshotStore {
  checkOptions('createSnapshotStore', options, knownStoreOptions);
  const { versions = {}, now = Date.now } = options;
  let session: Session | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const sessions = new WeakMap<Run, Session>();
  const share = (shared: Session): Run => {
    const run = openRun(blobs, shared);
    sessions.set(run, shared);
    return run;
  };

  const begin = async (run: RunDescription, beginOptions: BeginOptions = {}): Promise<Run> => {
    checkOptions('begin', beginOptions, { existing: true, training: true, replacing: true });
    const { existing = 'refuse', training, replacing } = beginOptions;
    if (replacing !== undefined) await sessions.get(replacing)?.abandon();
    if (session?.isSharedWith(training) === true) {
      await session.update((manifest) => resumedManifest(manifest, run));
      return share(session);
    }
    const id = crypto.randomUUID().replaceAll('-', '').slice(0, runIdLength);
    const fresh = { id, createdAt: new Date(now()).toISOString(), versions };
    session = await openSession(blobs, await lockOptionsOf(options), training, () =>
      beginRun(blobs, run, existing, fresh),
    );
    return share(session);
  };
  const current = async (): Promise<Manifest> => {
    const manifest = (await findRun(blobs))?.manifest;
    if (manifest !== undefined) return manifest;
    throw new StoreError('not-found', 'The store holds no run yet.', { key: 'manifest.json' });
  };

  return {
    readManifest: async () => (await findRun(blobs))?.manifest,
    begin(run, beginOptions) {
      const begun = queue.then(() => begin(run, beginOptions));
      queue = begun.catch(() => undefined);
      return begun;
    },
    async readModel() {
      const { model, topology } = await current();
      return { ...model, topology: await readTopology(blobs, topology) };
    },
    async *readMember(id, readOptions) {
      const { members } = await current();
      const member = members.find((candidate) => candidate.id === id);
      if (member === undefined) {
        const known = members.map((candidate) => candidate.id).join(', ');
        throw new StoreError('not-found', `There is no member "${id}". Known: ${known || 'none'}.`);
      }
      yield* readVerifiedTensors(blobs, member, readOptions);
    },
    readCheckpoint: async () => readCheckpoint(blobs, (await findRun(blobs))?.manifest),
  };
}

/** How a run that begins now takes the lock. */
export async function lockOptionsOf({
  holder = currentHolder,
  now = Date.now,
  lockExpiresAfterMs = tenMinutesMs,
}: CreateSnapshotStoreOptions = {}): Promise<LockOptions> {
  return {
    holder: await holder(),
    token: crypto.randomUUID(),
    since: new Date(now()).toISOString(),
    now,
    expiresAfterMs: lockExpiresAfterMs,
  };
}

async function readTopology(blobs: BlobStore, record: BlobRecord): Promise<unknown> {
  const bytes = await readAll(readVerified(blobs, record));
  return JSON.parse(new TextDecoder().decode(bytes));
}
