import type { SnapshotStore } from '@snapshot-ensemble/snapshot-core';

/** A store that remembers who began a run on it. */
export interface AbandonableStore {
  readonly store: SnapshotStore;
  /** Ends the run, incomplete, for all who began it and did not come to end it: releases the writer's lock. */
  readonly abandon: () => Promise<void>;
}

/** tfjs calls no hook after one that threw, so that somebody else has to let go of the lock. */
export function abandonable(store: SnapshotStore): AbandonableStore {
  const users = new Set<string | undefined>();
  return {
    store: {
      ...store,
      async begin(run, existing, user) {
        const manifest = await store.begin(run, existing, user);
        users.add(user);
        return manifest;
      },
      async end(completed, user) {
        users.delete(user);
        await store.end(completed, user);
      },
    },
    abandon: async () => {
      const left = [...users];
      users.clear();
      for (const user of left) await store.end(false, user);
    },
  };
}
