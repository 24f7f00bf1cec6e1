import { checkOptions } from '@snapshot-ensemble/options';
import { sha256, streamOf } from '@snapshot-ensemble/bytes';
import type { BlobStore } from '../blob-store.ts';
import type { CheckpointRecord, Manifest, MemberRecord } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import {
  knownStoreOptions,
  lockOptionsOf,
  type CreateSnapshotStoreOptions,
} from './create-snapshot-store.ts';
import { manifestKey } from './damaged-manifest.ts';
import { writeManifest } from './found-run.ts';
import { holdLock, type HeldLock } from './held-lock.ts';
import { lockLost } from './lock.ts';
import { parseManifest, schemaVersion } from './manifest.ts';
import { inOrder } from './members.ts';
import { listSaved, sumOf, type SavedBlob } from './saved-blobs.ts';
import { faultOf, type StoreFault } from './verify.ts';
import { readVersioned, type VersionedBytes } from './versioned.ts';

export interface RepairOptions extends CreateSnapshotStoreOptions {
  /** Only reports what it would do; takes no lock. Default false. */
  readonly dryRun?: boolean;
}

export interface Repair {
  /** The manifest as it is now, or would be. */
  readonly manifest: Manifest;
  /** Whether the manifest was missing or damaged and was rebuilt from what the members say about themselves. */
  readonly isRebuilt: boolean;
  /** What is damaged or missing and taken out of the run; the blobs themselves stay. */
  readonly dropped: readonly StoreFault[];
  /** Where the damaged manifest was put; undefined where there was none. */
  readonly damagedManifest: string | undefined;
}

/**
 * Makes a store usable again. Rebuilds a manifest that is missing or damaged from the metadata of the members and
 * checkpoints, and takes what is damaged out of one that is not. Removes nothing. Throws `StoreError('not-found')` where
 * there is nothing to rebuild it from.
 */
export async function repair(blobs: BlobStore, options: RepairOptions = {}): Promise<Repair> {
  checkOptions('repair', options, { ...knownStoreOptions, dryRun: true });
  if (options.dryRun === true) return (await planned(blobs)).repair;
  const lock = await holdLock(blobs, await lockOptionsOf(options), undefined);
  try {
    const { repair: repaired, found } = await planned(blobs);
    await write(blobs, lock, repaired, found);
    return repaired;
  } finally {
    await lock.release();
  }
}

interface Planned {
  readonly repair: Repair;
  readonly found: VersionedBytes | undefined;
}

async function planned(blobs: BlobStore): Promise<Planned> {
  const found = await readVersioned(blobs, manifestKey);
  const readable = found && readableManifest(found);
  const damagedManifest =
    found !== undefined && readable === undefined
      ? `manifest-damaged-${tagOf(found)}.json`
      : undefined;
  const repaired =
    readable === undefined
      ? { ...(await rebuilt(blobs)), isRebuilt: true }
      : { ...(await withoutDamage(blobs, readable)), isRebuilt: false };
  return { repair: { ...repaired, damagedManifest }, found };
}

/** Throws `StoreError('newer-schema')`: what a later version wrote is not damaged. */
function readableManifest({ bytes }: VersionedBytes): Manifest | undefined {
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (error instanceof StoreError && ['damaged', 'unsafe-key'].includes(error.code))
      return undefined;
    throw error;
  }
}

async function write(
  blobs: BlobStore,
  lock: HeldLock,
  { manifest, isRebuilt, dropped, damagedManifest }: Repair,
  found: VersionedBytes | undefined,
): Promise<void> {
  if (!isRebuilt && dropped.length === 0) return;
  if (damagedManifest !== undefined && found !== undefined) {
    await blobs.write(damagedManifest, streamOf(found.bytes));
  }
  await lock.check();
  const condition = found === undefined ? { ifAbsent: true as const } : { ifMatch: found.version };
  if ((await writeManifest(blobs, manifest, condition)) === undefined) throw lockLost();
}

async function withoutDamage(
  blobs: BlobStore,
  manifest: Manifest,
): Promise<Pick<Repair, 'manifest' | 'dropped'>> {
  const dropped: StoreFault[] = [];
  const isIntact = async (record: MemberRecord | CheckpointRecord): Promise<boolean> => {
    const fault = await faultOf(blobs, record);
    if (fault !== undefined) dropped.push(fault);
    return fault === undefined;
  };
  const members: MemberRecord[] = [];
  for (const member of manifest.members) if (await isIntact(member)) members.push(member);
  const { checkpoint } = manifest;
  const kept = checkpoint !== null && (await isIntact(checkpoint)) ? checkpoint : null;
  return { manifest: { ...manifest, members, checkpoint: kept }, dropped };
}

async function rebuilt(blobs: BlobStore): Promise<Pick<Repair, 'manifest' | 'dropped'>> {
  const all: SavedBlob[] = [];
  for await (const { saved } of listSaved(blobs)) if (saved !== undefined) all.push(saved);
  const newest = all.toSorted(bySaving).at(-1);
  if (newest === undefined) {
    throw new StoreError(
      'not-found',
      'There is nothing to repair: no manifest, and no member or checkpoint to rebuild it from. Is this the folder of a store?',
      { key: manifestKey },
    );
  }
  const dropped: StoreFault[] = [];
  const members = new Map<number, MemberRecord>();
  let checkpoint: CheckpointRecord | null = null;
  // In the order of saving: of one step the later member counts, and the newest checkpoint.
  const ofRun = all.filter(({ run }) => run === newest.run);
  for (const saved of ofRun.toSorted(bySaving)) {
    const sum = await sumOf(blobs, saved.info);
    const { key } = saved.info;
    if (sum === undefined) {
      dropped.push({
        key,
        code: 'damaged',
        message: `"${key}" is damaged: it cannot be read to its end.`,
      });
    } else if (saved.kind === 'member') {
      members.set(saved.member.step, { ...saved.member, ...sum });
    } else {
      checkpoint = { ...saved.checkpoint, ...sum };
    }
  }
  const { format, topology, ...described } = newest.description;
  const fault = await faultOf(blobs, topology);
  if (fault !== undefined) dropped.push(fault);
  const listed = inOrder([...members.values()]);
  const manifest: Manifest = {
    schemaVersion,
    run: newest.run,
    ...described,
    model: { format, weights: newest.weights },
    topology,
    members: listed,
    checkpoint,
    completed: listed.at(-1)?.step === described.plan.totalSteps,
  };
  return { manifest, dropped };
}

function bySaving(a: SavedBlob, b: SavedBlob): number {
  return a.savedAt < b.savedAt ? -1 : Number(a.savedAt > b.savedAt);
}

const tagLength = 12;

function tagOf({ bytes }: VersionedBytes): string {
  const hash = sha256();
  hash.update(bytes);
  return hash.hex().slice(0, tagLength);
}
