import type { BlobStore, Version } from '../blob-store.ts';
import { streamOf } from '../bytes.ts';
import type { ExistingRun, Manifest, RunDescription } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import type { TensorSpec } from '../tensor.ts';
import { manifestKey } from './damaged-manifest.ts';
import { namedBlobs, parseManifest, schemaVersion } from './manifest.ts';
import { writeManifest } from './session.ts';
import { readVersioned } from './versioned.ts';

export const topologyKey = 'topology.json';

export interface NewRun {
  readonly id: string;
  readonly createdAt: string;
  readonly versions: Readonly<Record<string, string>>;
}

interface FoundRun {
  readonly manifest: Manifest;
  readonly version: Version;
}

/** The run in the store, if there is one. */
export async function findRun(blobs: BlobStore): Promise<FoundRun | undefined> {
  const found = await readVersioned(blobs, manifestKey);
  return found && { manifest: parseManifest(found.bytes), version: found.version };
}

/** Finds or makes the run's manifest as `existing` asks, and clears what no run names. Needs the lock. */
export async function beginRun(
  blobs: BlobStore,
  run: RunDescription,
  existing: ExistingRun,
  fresh: NewRun,
): Promise<FoundRun> {
  if (existing === 'overwrite') await clear(blobs);
  const found = await findRun(blobs);
  if (found === undefined) {
    await clear(blobs);
    return createRun(blobs, run, fresh);
  }
  if (existing === 'refuse') throw alreadyThere(found.manifest);
  const manifest = resumedManifest(found.manifest, run);
  await removeOrphans(blobs, manifest);
  const resumed = { ...manifest, completed: false };
  const version = await writeManifest(blobs, resumed, { ifMatch: found.version });
  return { manifest: resumed, version };
}

/** The manifest of a run that goes on. Throws `StoreError('mismatch')` if it is another model's or plan's. */
export function resumedManifest(found: Manifest, run: RunDescription): Manifest {
  if (found.model.format !== run.model.format) {
    throw mismatch(`its model is a ${found.model.format}, this one a ${run.model.format}`);
  }
  const fault = differentWeight(found.model.weights, run.model.weights);
  if (fault !== undefined) throw mismatch(fault);
  if (found.plan.totalSteps !== run.plan.totalSteps) {
    throw mismatch(`it has ${found.plan.totalSteps} steps, this one ${run.plan.totalSteps}`);
  }
  if (run.isPlanProvisional === true) return found;
  const { plan, schedule } = run;
  if (found.schedule.length === 0 && found.members.length === 0)
    return { ...found, plan, schedule };
  const ends = (of: Manifest['plan']): string => of.cycles.map(({ end }) => end).join(', ');
  if (ends(found.plan) !== ends(plan)) {
    throw mismatch(`its cycles end at ${ends(found.plan)}, those of this one at ${ends(plan)}`);
  }
  return found;
}

async function createRun(blobs: BlobStore, run: RunDescription, fresh: NewRun): Promise<FoundRun> {
  const { format, topology, weights } = run.model;
  const text = new TextEncoder().encode(JSON.stringify(topology ?? null));
  const { sha256, bytes } = await blobs.write(topologyKey, streamOf(text));
  const manifest: Manifest = {
    schemaVersion,
    run: fresh.id,
    createdAt: fresh.createdAt,
    versions: fresh.versions,
    // Tensors are specs too, and must not bring their elements along.
    model: { format, weights: weights.map(({ name, dtype, shape }) => ({ name, dtype, shape })) },
    topology: { key: topologyKey, sha256, bytes },
    plan: run.plan,
    schedule: run.schedule,
    members: [],
    checkpoint: null,
    completed: false,
  };
  return { manifest, version: await writeManifest(blobs, manifest, { ifAbsent: true }) };
}

/** Removes a run: first its manifest, so that no reader finds it half gone. */
async function clear(blobs: BlobStore): Promise<void> {
  await blobs.remove(manifestKey);
  await removeAll(blobs, () => true);
}

/** Removes what a killed process wrote and did not come to name. */
async function removeOrphans(blobs: BlobStore, manifest: Manifest): Promise<void> {
  const named = new Set(namedBlobs(manifest).map(({ key }) => key));
  await removeAll(blobs, (key) => !named.has(key));
}

async function removeAll(blobs: BlobStore, isDue: (key: string) => boolean): Promise<void> {
  for (const folder of ['members/', 'checkpoints/']) {
    for await (const { key } of blobs.list(folder)) {
      if (isDue(key)) await blobs.remove(key);
    }
  }
}

function differentWeight(
  found: readonly TensorSpec[],
  given: readonly TensorSpec[],
): string | undefined {
  if (found.length !== given.length) {
    return `its model has ${found.length} weights, this one ${given.length}`;
  }
  const text = (spec: TensorSpec): string => `${spec.dtype} [${spec.shape.join(', ')}]`;
  for (const [index, spec] of found.entries()) {
    const other = given[index]!;
    if (text(spec) !== text(other)) {
      return `weight ${index} is ${spec.name}, ${text(spec)}, in it, and ${other.name}, ${text(other)}, in this one`;
    }
  }
  return undefined;
}

function alreadyThere({ run, createdAt, members, completed }: Manifest): StoreError {
  return new StoreError(
    'exists',
    `The store holds a run already (${run}, begun ${createdAt}, ${members.length} members, ` +
      `${completed ? 'completed' : 'not completed'}). Pass existing: 'resume' to go on with it, ` +
      "'overwrite' to remove it, or use another store.",
    { key: manifestKey },
  );
}

function mismatch(fault: string): StoreError {
  return new StoreError(
    'mismatch',
    `Cannot resume the run in the store: ${fault}. Build the same model and plan, ` +
      "or pass existing: 'overwrite' to remove that run.",
    { key: manifestKey },
  );
}
