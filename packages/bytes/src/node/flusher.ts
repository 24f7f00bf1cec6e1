import type { FileHandle } from 'node:fs/promises';

// What a disk takes a few dozen milliseconds for.
const FLUSHED_TOGETHER = 2 ** 24;

/** Lets the disk work while the next chunks are made, instead of waiting for all of it at the end. */
export function flusher(file: Pick<FileHandle, 'datasync' | 'sync'>): {
  /** So many bytes more have been written. */
  after(bytes: number): void;
  /** Flushes the rest. Throws what any flush has thrown. */
  end(): Promise<void>;
  /** Resolves when no flush is running, so that the file may be closed. */
  settled(): Promise<void>;
} {
  let waiting = 0;
  let running: Promise<void> | undefined;
  // The system tells of a failure once: later flushes may succeed.
  const failures: unknown[] = [];
  return {
    after(bytes) {
      waiting += bytes;
      if (waiting < FLUSHED_TOGETHER || running !== undefined) return;
      waiting = 0;
      running = file
        .datasync()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => {
          running = undefined;
        });
    },
    async end() {
      await running;
      if (failures.length > 0) throw failures[0];
      await file.sync();
    },
    async settled() {
      await running;
    },
  };
}
