import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  errorCode,
  ignoring,
  isProcessAlive,
  processIdentity,
  type ProcessIdentity,
} from '@snapshot-ensemble/bytes/node';
import type { ReleaseLease } from '../files.ts';

/** Folder of the leases, beside the revisions; its name is no revision's. */
export const LEASES_FOLDER = '.leases';

/** Who has a revision open. */
export interface Lease {
  readonly revision: string;
  readonly file: string;
  /** Undefined where the file is damaged. */
  readonly holder: ProcessIdentity | undefined;
  /** Undefined where it cannot be known from here: another machine's process. */
  readonly isAlive: boolean | undefined;
}

/**
 * Notes that this process has a revision open. Where the folder may not be written, there is no note: nobody who sees the folder like
 * this can collect its revisions either.
 */
export async function takeLease(root: string, revision: string): Promise<ReleaseLease> {
  const folder = join(root, LEASES_FOLDER);
  const file = join(folder, `${revision}~${randomUUID()}.json`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, JSON.stringify(await processIdentity()), { flag: 'wx' });
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? ''))
      return () => Promise.resolve();
    throw error;
  }
  return async () => {
    await ignoring(['ENOENT', 'ENOTDIR'], unlink(file));
  };
}

/** All leases of a bundle, those of ended processes too. */
export async function readLeases(root: string): Promise<readonly Lease[]> {
  const folder = join(root, LEASES_FOLDER);
  const names = (await ignoring(['ENOENT', 'ENOTDIR'], readdir(folder))) ?? [];
  const leases = names.map(async (name): Promise<Lease | undefined> => {
    const file = join(folder, name);
    const text = await ignoring(['ENOENT'], readFile(file, 'utf8'));
    if (text === undefined) return undefined;
    const holder = parseHolder(text);
    const isAlive = holder && (await isProcessAlive(holder));
    return { revision: name.split('~')[0]!, file, holder, isAlive };
  });
  return (await Promise.all(leases)).filter((lease) => lease !== undefined);
}

function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    const { host, boot, pid, start } = JSON.parse(text) as Record<string, unknown>;
    const isHolder =
      typeof host === 'string' &&
      typeof boot === 'string' &&
      typeof pid === 'number' &&
      typeof start === 'string';
    return isHolder ? { host, boot, pid, start } : undefined;
  } catch {
    return undefined;
  }
}
