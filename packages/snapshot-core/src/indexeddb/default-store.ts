import type { SnapshotStore } from '../snapshot-store.ts';
import { createSnapshotStore } from '../store/create-snapshot-store.ts';
import { indexedDbBlobs } from './indexed-db-blobs.ts';
import { tabHolder } from './tab-holder.ts';

/** The store used where none is given: in a browser an IndexedDB database, `Ensemble` by default. */
export function defaultStore(name = 'Ensemble'): SnapshotStore {
  return createSnapshotStore(indexedDbBlobs(name), { holder: tabHolder });
}
