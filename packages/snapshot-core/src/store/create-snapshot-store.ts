import type { BlobStore } from '../blob-store.ts';
import { readAll } from '../bytes.ts';
import type { Holder } from '../platform/platform.ts';
import type { BlobRecord, Manifest, SnapshotStore } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { currentHolder } from '../platform/current.ts';
import { beginRun, findRun, resumedManifest } from './begin-run.ts';
import { readCheckpoint, saveCheckpoint } from './checkpoints.ts';
import type { LockOptions } from './lock.ts';
import { removeMember, saveMember } from './members.ts';
import { openSession, type Session } from './session.ts';
import { readVerified, readVerifiedTensors } from './verified.ts';

export interface CreateSnapshotStoreOptions {
  /** Package versions to note in the manifest of a new run, by name. Default none. */
  readonly versions?: Readonly<Record<string, string>>;
  /** After so many milliseconds without a sign of life another host may take over. Default ten minutes. */
  readonly lockExpiresAfterMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** The writer, as the lock names it; asked for when a run begins. Default this process. */
  readonly holder?: () => Promise<Holder>;
}

const tenMinutesMs = 10 * 60 * 1000;
const runIdLength = 8;

/** A snapshot store on any blob store: one run, its members and its newest checkpoint. */
export function createSnapshotStore(
  blobs: BlobStore,
  options: CreateSnapshotStoreOptions = {},
): SnapshotStore {
  const { versions = {}, now = Date.now } = options;
  let session: Session | undefined;

  const open = (): Session => {
    if (session !== undefined) return session;
    throw new StoreError('not-begun', 'Nothing can be saved before begin() or after end().');
  };
  const current = async (): Promise<Manifest> => {
    const manifest = (await findRun(blobs))?.manifest;
    if (manifest !== undefined) return manifest;
    throw new StoreError('not-found', 'The store holds no run yet.', { key: 'manifest.json' });
  };
  const lockOptions = async (): Promise<LockOptions> => ({
    holder: await (options.holder ?? currentHolder)(),
    token: crypto.randomUUID(),
    since: new Date(now()).toISOString(),
    now,
    expiresAfterMs: options.lockExpiresAfterMs ?? tenMinutesMs,
  });

  return {
    readManifest: async () => (await findRun(blobs))?.manifest,
    async begin(run, existing = 'refuse', user = 'run') {
      if (session?.users.has(user) === true) {
        await session.close();
        session = undefined;
      }
      if (session === undefined) {
        const id = crypto.randomUUID().replaceAll('-', '').slice(0, runIdLength);
        const fresh = { id, createdAt: new Date(now()).toISOString(), versions };
        session = await openSession(blobs, await lockOptions(), () =>
          beginRun(blobs, run, existing, fresh),
        );
      } else {
        await session.update((manifest) => resumedManifest(manifest, run));
      }
      session.users.add(user);
      return session.manifest();
    },
    saveMember: (member, weights) => saveMember(blobs, open(), member, weights),
    removeMember: (id) => removeMember(blobs, open(), id),
    saveCheckpoint: (at, weights, optimizer) =>
      saveCheckpoint(blobs, open(), at, weights, optimizer),
    async end(completed, user = 'run') {
      const ending = open();
      ending.users.delete(user);
      const isLast = ending.users.size === 0;
      if (isLast) session = undefined;
      try {
        await ending.update((manifest) => ({ ...manifest, completed }));
      } finally {
        if (isLast) await ending.close();
      }
    },
    async readModel() {
      const { model, topology } = await current();
      return { ...model, topology: await readTopology(blobs, topology) };
    },
    async *readMember(id, options) {
      const { members } = await current();
      const member = members.find((candidate) => candidate.id === id);
      if (member === undefined) {
        const known = members.map((candidate) => candidate.id).join(', ');
        throw new StoreError('not-found', `There is no member "${id}". Known: ${known || 'none'}.`);
      }
      yield* readVerifiedTensors(blobs, member, options);
    },
    readCheckpoint: async () => readCheckpoint(blobs, (await findRun(blobs))?.manifest),
  };
}

async function readTopology(blobs: BlobStore, record: BlobRecord): Promise<unknown> {
  const bytes = await readAll(readVerified(blobs, record));
  return JSON.parse(new TextDecoder().decode(bytes));
}
