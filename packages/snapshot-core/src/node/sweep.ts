import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { HolderIdentity } from '../platform/platform.ts';
import { ignoring, isProcessAlive } from '@snapshot-ensemble/bytes/node';
import { blobPaths } from './file-paths.ts';
import { finishClaim } from './replace.ts';
import { machineTag } from './writer-tag.ts';

/** Age after which another host's temporary file counts as abandoned. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Finishes or removes what dead writers left behind in a folder. */
export async function sweep(folder: string, own: HolderIdentity): Promise<void> {
  for (const name of (await ignoring(['ENOENT'], readdir(folder))) ?? []) {
    const [key = '', version] = name.split('~after-');
    if (version !== undefined) await finishClaim(blobPaths(folder, key, ''), version);
  }
  for (const name of (await ignoring(['ENOENT'], readdir(folder))) ?? []) {
    const writer = /~new-(.+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (writer === undefined || !(await isAbandoned(join(folder, name), writer, own))) continue;
    await ignoring(['ENOENT'], unlink(join(folder, name)));
  }
}

async function isAbandoned(file: string, writer: string, own: HolderIdentity): Promise<boolean> {
  const stats = await ignoring(['ENOENT'], stat(file));
  if (stats === undefined) return false;
  const blob = await ignoring(['ENOENT'], stat(file.slice(0, file.lastIndexOf('~new-'))));
  // A second link that is not the blob itself is a claim: whoever finishes that needs the file.
  if (stats.nlink > 1 && blob?.ino !== stats.ino) return false;
  const [machine, pid, start = ''] = writer.split(',');
  if (machine === machineTag(own)) {
    return !((await isProcessAlive({ ...own, pid: Number(pid), start })) ?? true);
  }
  return Date.now() - stats.mtimeMs > abandonedAfterMs;
}
