import type { BlobStore } from '../blob-store.ts';
import type { BlobRecord, ExistingRun, Manifest, RunDescription } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { streamOf } from '@snapshot-ensemble/bytes';
import { manifestKey } from './damaged-manifest.ts';
import { findRun, writeManifest, type FoundRun } from './found-run.ts';
import { checkpointFolder, memberFolder } from './keys-of-run.ts';
import { lockLost } from './lock.ts';
import { namedBlobs, schemaVersion } from './manifest.ts';
import { resumedManifest } from './resumed-manifest.ts';
import { readVersioned } from './versioned.ts';

const topologyKey = 'topology.json';

/** Of so many runs that were overwritten the blobs are still known as this run's to remove. */
const mostOverwritten = 64;

/** How often a writer that was overtaken may put its last manifest in our way. */
const attempts = 5;

export interface NewRun {
  readonly id: string;
  readonly createdAt: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Finds or makes the run's manifest as `existing` asks. Needs the lock. */
export async function beginRun(
  blobs: BlobStore,
  run: RunDescription,
  existing: ExistingRun,
  fresh: NewRun,
): Promise<FoundRun> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await findRun(blobs);
    const begun = await begin(blobs, run, { existing, fresh, found });
    if (begun !== undefined) return begun;
  }
  throw lockLost();
}

/** Undefined if the manifest changed meanwhile: a writer that was overtaken finished what it was at. */
async function begin(
  blobs: BlobStore,
  run: RunDescription,
  {
    existing,
    fresh,
    found,
  }: {
    readonly existing: ExistingRun;
    readonly fresh: NewRun;
    readonly found: FoundRun | undefined;
  },
): Promise<FoundRun | undefined> {
  if (found === undefined) {
    if (existing === 'resume') throw nothingToResume();
    await refuseStrays(blobs);
    return createRun(blobs, run, fresh, undefined);
  }
  if (existing === 'refuse') throw alreadyThere(found.manifest);
  if (existing === 'overwrite') {
    const begun = await createRun(blobs, run, fresh, found);
    if (begun !== undefined) await removeBlobs(blobs, found.manifest, begun.manifest);
    return begun;
  }
  const manifest = { ...resumedManifest(found.manifest, run), completed: false };
  const version = await writeManifest(blobs, manifest, { ifMatch: found.version });
  return version === undefined ? undefined : { manifest, version };
}

/** Writes a new run's manifest, in the place of the old one's if there is one. */
async function createRun(
  blobs: BlobStore,
  run: RunDescription,
  fresh: NewRun,
  old: FoundRun | undefined,
): Promise<FoundRun | undefined> {
  const { format, topology, weights } = run.model;
  const manifest: Manifest = {
    schemaVersion,
    run: fresh.id,
    overwrote:
      old === undefined
        ? []
        : [...old.manifest.overwrote, old.manifest.run].slice(-mostOverwritten),
    createdAt: fresh.createdAt,
    versions: fresh.versions,
    // Tensors are specs too, and must not bring their elements along.
    model: { format, weights: weights.map(({ name, dtype, shape }) => ({ name, dtype, shape })) },
    topology: await writeTopology(blobs, topology, fresh.id),
    plan: run.plan,
    schedule: run.schedule,
    members: [],
    checkpoint: null,
    completed: false,
  };
  const condition = old === undefined ? { ifAbsent: true as const } : { ifMatch: old.version };
  const version = await writeManifest(blobs, manifest, condition);
  return version === undefined ? undefined : { manifest, version };
}

/** Writes the topology under a key that is free: what another run, or nobody's manifest, names stays as it is. */
async function writeTopology(
  blobs: BlobStore,
  topology: unknown,
  run: string,
): Promise<BlobRecord> {
  const text = new TextEncoder().encode(JSON.stringify(topology ?? null));
  const present = await readVersioned(blobs, topologyKey);
  const key = present === undefined ? topologyKey : `topology-${run}.json`;
  const { sha256, bytes } = await blobs.write(key, streamOf(text), { ifAbsent: true });
  return { key, sha256, bytes };
}

/** Removes what the run before lists and the new one does not. */
async function removeBlobs(blobs: BlobStore, old: Manifest, next: Manifest): Promise<void> {
  const kept = new Set(namedBlobs(next).map(({ key }) => key));
  for (const { key } of namedBlobs(old)) if (!kept.has(key)) await blobs.remove(key);
}

/** Members without a manifest belong to a run that lost it: a new run in their place would bury them. */
async function refuseStrays(blobs: BlobStore): Promise<void> {
  for (const folder of [memberFolder, checkpointFolder]) {
    for await (const { key } of blobs.list(folder)) {
      throw new StoreError(
        'no-manifest',
        `There is no "${manifestKey}", but there is "${key}". If that is a snapshot, call repair(blobs), which rebuilds the ` +
          'manifest from the members; otherwise move the file away, or use another store. Nothing was changed.',
        { key },
      );
    }
  }
}

function alreadyThere({ run, createdAt, members, completed }: Manifest): StoreError {
  return new StoreError(
    'exists',
    `The store already holds a run (${run}, begun ${createdAt}, members: ${members.length}, ` +
      `${completed ? 'completed' : 'not completed'}). Pass existing: 'resume' to continue it, ` +
      "'overwrite' to remove it, or use another store.",
    { key: manifestKey },
  );
}

export function nothingToResume(fault = 'the store holds no run'): StoreError {
  return new StoreError(
    'nothing-to-resume',
    `Cannot resume: ${fault}. Check where the store is, or pass existing: 'resume-or-start' to start a new run in that case.`,
    { key: manifestKey },
  );
}
