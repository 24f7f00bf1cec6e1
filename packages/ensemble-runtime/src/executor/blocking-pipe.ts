import { readSync, writevSync } from 'node:fs';

/** What is read ahead: a frame of a few rows comes in one call. */
const AHEAD_BYTES = 64 * 1024;

/** One end of a pipe, whose calls return when they are done. */
export interface BlockingPipe {
  /** Fills the target. False where the other end closed before. */
  read(target: Uint8Array): boolean;
  /** Writes all parts, one after the other. */
  write(parts: readonly Uint8Array[]): void;
}

export function blockingPipe(descriptor: number): BlockingPipe {
  const ahead = new Uint8Array(AHEAD_BYTES);
  let start = 0;
  let end = 0;
  return {
    read(target) {
      for (let at = 0; at < target.length;) {
        if (start < end) {
          const taken = ahead.subarray(start, Math.min(end, start + target.length - at));
          target.set(taken, at);
          start += taken.length;
          at += taken.length;
          continue;
        }
        const left = target.length - at;
        if (left >= AHEAD_BYTES) {
          const count = readSync(descriptor, target, at, left, null);
          if (count === 0) return false;
          at += count;
        } else {
          start = 0;
          end = readSync(descriptor, ahead, 0, AHEAD_BYTES, null);
          if (end === 0) return false;
        }
      }
      return true;
    },
    write(parts) {
      let left = parts.filter(({ length }) => length > 0);
      while (left.length > 0) {
        let written = writevSync(descriptor, left);
        while (left.length > 0 && written >= left[0]!.length) {
          written -= left[0]!.length;
          left = left.slice(1);
        }
        if (left.length > 0) left = [left[0]!.subarray(written), ...left.slice(1)];
      }
    },
  };
}
