import type { BlobStore } from '../blob-store.ts';
import type { Run } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { saveCheckpoint } from './checkpoints.ts';
import { removeMember, saveMember } from './members.ts';
import type { Session } from './session.ts';

/** A handle of a run. */
export function openRun(blobs: BlobStore, session: Session): Run {
  let isOpen = true;
  session.join();

  const used = (): Session => {
    if (!isOpen) throw closed();
    session.use();
    return session;
  };
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await session.leave();
  };

  return {
    get manifest() {
      return session.manifest();
    },
    // Async, so that an error is always a rejection.
    save: async (member, weights) => saveMember(blobs, used(), member, weights),
    remove: async (id) => removeMember(blobs, used(), id),
    saveCheckpoint: async (at, content) => saveCheckpoint(blobs, used(), at, content),
    async end() {
      try {
        await used().update((manifest) => ({ ...manifest, completed: true }));
      } finally {
        await close();
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function closed(): StoreError {
  return new StoreError(
    'not-begun',
    'Nothing can be saved in a run that is closed. Begin it again.',
  );
}
