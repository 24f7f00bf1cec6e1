import { link, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, ignoring, renameFile } from '@snapshot-ensemble/bytes/node';
import { currentVersion, type BlobPaths } from './file-paths.ts';
import { inTurn } from './turns.ts';

/** What publishing a blob asks of the file system. */
export interface Disk {
  readonly link: (from: string, to: string) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly wait?: (ms: number) => Promise<void>;
}

export const nodeDisk: Disk = { link, rename };

/** What FAT and some network file systems answer to a hard link; our own folder would not be forbidden to us. */
const noLinkCodes: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Moves the temporary file to the blob's place if there is no blob. The caller removes the temporary file. */
export async function putIfAbsent(disk: Disk, paths: BlobPaths, temp: string): Promise<boolean> {
  const linked = await tryLink(disk, temp, paths.file);
  if (linked !== undefined) return linked;
  return inTurn(paths, async () => {
    if ((await currentVersion(paths.file)) !== undefined) return false;
    await renameFile(temp, paths.file, disk);
    return true;
  });
}

/**
 * Moves the temporary file to the blob's place if the blob is still of this version: a compare-and-swap between
 * processes, on any POSIX file system, that no crash can block. The caller removes the temporary file.
 *
 * The writer links its file under a name made of the version it replaces. That succeeds for one writer only, and
 * versions never come back, so once the blob is seen to be of that version after the link, nobody else may
 * replace it. Whoever finds such a claim finishes it in the claimant's stead: moving the claimant's own file is
 * harmless if it was done before, because that file is gone then.
 */
export async function putIfMatch(
  disk: Disk,
  paths: BlobPaths,
  temp: string,
  version: string,
): Promise<boolean> {
  if ((await currentVersion(paths.file)) !== version) return false;
  const claim = paths.claim(version);
  const linked = await tryLink(disk, temp, claim);
  if (linked === undefined) {
    return inTurn(paths, async () => {
      if ((await currentVersion(paths.file)) !== version) return false;
      await renameFile(temp, paths.file, disk);
      return true;
    });
  }
  if (!linked) return false;
  try {
    if ((await currentVersion(paths.file)) === version) {
      await ignoring(['ENOENT'], renameFile(temp, paths.file, disk));
      return true;
    }
    // Replaced since: by somebody who finished our claim (then our file has moved), or before we claimed.
    const isThere = await ignoring(
      ['ENOENT'],
      stat(temp).then(() => true),
    );
    return isThere === undefined;
  } finally {
    await ignoring(['ENOENT'], unlink(claim));
  }
}

/** Finishes what a writer began who claimed this version and may be gone. */
export async function finishClaim(paths: BlobPaths, version: string): Promise<void> {
  const claim = paths.claim(version);
  const claimed = await ignoring(['ENOENT'], stat(claim, { bigint: true }));
  if (claimed === undefined) return;
  if ((await currentVersion(paths.file)) === version) {
    const prefix = `${basename(paths.file)}~new-`;
    for (const name of await readdir(paths.folder)) {
      if (!name.startsWith(prefix)) continue;
      const temp = join(paths.folder, name);
      const stats = await ignoring(['ENOENT'], stat(temp, { bigint: true }));
      if (stats?.ino === claimed.ino) await ignoring(['ENOENT'], rename(temp, paths.file));
    }
  }
  if ((await currentVersion(paths.file)) !== version) await ignoring(['ENOENT'], unlink(claim));
}

/** Whether the link was made or its name was taken; undefined where the file system has no links. */
async function tryLink(disk: Disk, from: string, to: string): Promise<boolean | undefined> {
  try {
    await disk.link(from, to);
    return true;
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (noLinkCodes.has(code)) return undefined;
    throw error;
  }
}
