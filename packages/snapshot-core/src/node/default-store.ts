import type { SnapshotStore } from '../snapshot-store.ts';
import { createSnapshotStore } from '../store/create-snapshot-store.ts';
import { fileBlobs } from './file-blobs.ts';

/** The store used where none is given: in Node a folder, `Ensemble/` by default. */
export function defaultStore(name = 'Ensemble'): SnapshotStore {
  return createSnapshotStore(fileBlobs(name));
}
