import { open, readdir, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  errorCode,
  ignoring,
  isProcessAlive,
  processIdentity,
} from '@snapshot-ensemble/bytes/node';
import type { BlobPaths } from './file-paths.ts';
import { writerTag } from './writer-tag.ts';

/** A turn takes milliseconds: another machine's announcement of this age is of a dead process. */
const deadAfterMs = 60_000;
const longestWaitMs = 20;
const attempts = 500;

/**
 * Runs an action while no other writer of the blob runs one, on any file system: announce yourself by a file, look
 * around, and act if you are alone; else withdraw and try again a little later. Of two writers, the one that looks last
 * sees the other.
 */
export async function inTurn<T>(paths: BlobPaths, action: () => Promise<T>): Promise<T> {
  const own = await processIdentity();
  const machine = writerTag(own).split(',')[0];
  const prefix = `${basename(paths.file)}~busy-`;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const name = `${prefix}${writerTag(own)}-${crypto.randomUUID().slice(0, 8)}`;
    const announcement = join(paths.folder, name);
    await (await open(announcement, 'wx')).close();
    try {
      if (await isAlone(name)) return await action();
    } finally {
      await ignoring(['ENOENT'], unlink(announcement));
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longestWaitMs));
  }
  throw Object.assign(new Error('other writers had their turn every time'), { code: 'EBUSY' });

  async function isAlone(name: string): Promise<boolean> {
    for (const other of await readdir(paths.folder)) {
      if (other === name || !other.startsWith(prefix)) continue;
      if (!(await isDead(other))) return false;
      await ignoring(['ENOENT'], unlink(join(paths.folder, other)));
    }
    return true;
  }

  async function isDead(other: string): Promise<boolean> {
    const [tag = ''] = /^.*(?=-[0-9a-f]{8}$)/.exec(other.slice(prefix.length)) ?? [];
    const [where, pid, start = ''] = tag.split(',');
    if (where === machine) {
      return (await isProcessAlive({ ...own, pid: Number(pid), start })) === false;
    }
    try {
      return Date.now() - (await stat(join(paths.folder, other))).mtimeMs > deadAfterMs;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
}
