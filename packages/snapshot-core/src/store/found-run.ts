import type { BlobStore, Version, WriteCondition } from '../blob-store.ts';
import type { Manifest } from '../snapshot-store.ts';
import { manifestKey } from './damaged-manifest.ts';
import { formatManifest, parseManifest } from './manifest.ts';
import { compareAndSwap, readVersioned } from './versioned.ts';

/** A manifest and the version it was read or written as. */
export interface FoundRun {
  readonly manifest: Manifest;
  readonly version: Version;
}

/** The run in the store, if there is one. */
export async function findRun(blobs: BlobStore): Promise<FoundRun | undefined> {
  const found = await readVersioned(blobs, manifestKey);
  return found && { manifest: parseManifest(found.bytes), version: found.version };
}

/** Writes the manifest if the condition holds; undefined if somebody else was first. */
export function writeManifest(
  blobs: BlobStore,
  manifest: Manifest,
  condition: WriteCondition,
): Promise<Version | undefined> {
  return compareAndSwap(blobs, manifestKey, formatManifest(manifest), condition);
}
