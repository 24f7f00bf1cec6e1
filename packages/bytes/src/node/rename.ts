import { rename } from 'node:fs/promises';
import { errorCode } from './errors.ts';

// Virus scanners and indexers hold a new file open for some hundred milliseconds; a file that nobody holds is refused after about one second.
const WAITS_MS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const PASSING = ['EPERM', 'EACCES', 'EBUSY'];

/** What `renameFile` uses; a test replaces it with a disk that fails. */
export interface RenameOptions {
  readonly rename?: (from: string, to: string) => Promise<void>;
  readonly wait?: (ms: number) => Promise<void>;
}

/**
 * Renames a file, replacing what is there. Tries again, for about one second, while the system says EPERM, EACCES or EBUSY: Windows
 * and network disks do so while another process has either file open. Throws the last error.
 */
export async function renameFile(
  from: string,
  to: string,
  { rename: attempt = rename, wait = pause }: RenameOptions = {},
): Promise<void> {
  for (const ms of WAITS_MS) {
    try {
      await attempt(from, to);
      return;
    } catch (error) {
      if (!PASSING.includes(errorCode(error) ?? '')) throw error;
    }
    await wait(ms);
  }
  await attempt(from, to);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
