import { link, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, ignoring } from '@snapshot-ensemble/bytes/node';
import { currentVersion, type BlobPaths } from './file-paths.ts';

/** Moves the temporary file to the blob's place if there is no blob. */
export async function putIfAbsent(paths: BlobPaths, temp: string): Promise<boolean> {
  const linked = await tryLink(temp, paths.file);
  await unlink(temp);
  return linked;
}

/**
 * Moves the temporary file to the blob's place if the blob is still of this version: a compare-and-swap between
 * processes, on any POSIX file system, that no crash can block.
 *
 * The writer links its file under a name made of the version it replaces. That succeeds for one writer only, and
 * versions never come back, so once the blob is seen to be of that version after the link, nobody else may
 * replace it. Whoever finds such a claim finishes it in the claimant's stead: moving the claimant's own file is
 * harmless if it was done before, because that file is gone then.
 */
export async function putIfMatch(
  paths: BlobPaths,
  temp: string,
  version: string,
): Promise<boolean> {
  if ((await currentVersion(paths.file)) !== version) {
    await unlink(temp);
    return false;
  }
  const claim = paths.claim(version);
  if (!(await tryLink(temp, claim))) {
    await unlink(temp);
    await finishClaim(paths, version);
    return false;
  }
  if ((await currentVersion(paths.file)) === version) {
    await ignoring(['ENOENT'], rename(temp, paths.file));
    await ignoring(['ENOENT'], unlink(claim));
    return true;
  }
  // Replaced since: by somebody who finished our claim (then our file has moved), or before we claimed.
  const moved =
    (await ignoring(
      ['ENOENT'],
      unlink(temp).then(() => true),
    )) === undefined;
  await ignoring(['ENOENT'], unlink(claim));
  return moved;
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

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    await ignoring(['ENOENT'], unlink(from));
    // What FAT and some network file systems answer; our own folder would not be forbidden to us.
    if (errorCode(error) === 'EPERM') {
      throw Object.assign(new Error('no hard links', { cause: error }), { code: 'ENOTSUP' });
    }
    throw error;
  }
}
