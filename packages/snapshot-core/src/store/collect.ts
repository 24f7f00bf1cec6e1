import { checkOptions } from '@snapshot-ensemble/options';
import type { BlobInfo, BlobStore } from '../blob-store.ts';
import {
  knownStoreOptions,
  lockOptionsOf,
  type CreateSnapshotStoreOptions,
} from './create-snapshot-store.ts';
import { findRun } from './found-run.ts';
import { holdLock } from './held-lock.ts';
import { namedBlobs } from './manifest.ts';
import { listSaved } from './saved-blobs.ts';
import { StoreError } from '../store-error.ts';

export interface CollectOptions extends CreateSnapshotStoreOptions {
  /** Only reports what it would remove; takes no lock. Default false. */
  readonly dryRun?: boolean;
}

export interface Collected {
  /** What the run, or one that it was asked to overwrite, saved and does not list: what killed processes left behind. */
  readonly removed: readonly BlobInfo[];
  /** What is not the run's, as far as can be told; it is left alone. */
  readonly foreign: readonly BlobInfo[];
}

/**
 * Removes what killed processes left in a store: blobs that carry the id of its run and that the manifest does not
 * list. It refuses to run beside a writer. Readers are not disturbed: an open file or response outlives its name.
 */
export async function collect(blobs: BlobStore, options: CollectOptions = {}): Promise<Collected> {
  checkOptions('collect', options, { ...knownStoreOptions, dryRun: true });
  if (options.dryRun === true) return sort(blobs);
  const lock = await holdLock(blobs, await lockOptionsOf(options), undefined);
  try {
    const found = await sort(blobs);
    for (const { key } of found.removed) {
      await lock.check();
      await blobs.remove(key);
    }
    return found;
  } finally {
    await lock.release();
  }
}

async function sort(blobs: BlobStore): Promise<Collected> {
  const manifest = (await findRun(blobs))?.manifest;
  if (manifest === undefined) {
    throw new StoreError(
      'no-manifest',
      'There is no "manifest.json", so nothing says what may be removed. Call repair(blobs), or give the folder of a store.',
      { key: 'manifest.json' },
    );
  }
  const named = new Set(namedBlobs(manifest).map(({ key }) => key));
  const runs = new Set([manifest.run, ...manifest.overwrote]);
  const removed: BlobInfo[] = [];
  const foreign: BlobInfo[] = [];
  for await (const { info, saved } of listSaved(blobs)) {
    if (named.has(info.key)) continue;
    if (saved !== undefined && runs.has(saved.run)) removed.push(info);
    else foreign.push(info);
  }
  return { removed, foreign };
}
