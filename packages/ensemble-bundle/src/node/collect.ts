import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ignoring } from '@snapshot-ensemble/bytes/node';
import { checkOptions } from '@snapshot-ensemble/options';
import { CURRENT_PATH } from '../paths.ts';
import { isOurRevision, readCurrent } from '../revisions.ts';
import { bundleDirectory } from './bundle-directory.ts';
import { readLeases, type Lease } from './lease.ts';

export interface CollectRevisionsOptions {
  /** Only reports what it would remove. Default false. */
  readonly dryRun?: boolean;
  /**
   * Keeps revisions and leftovers younger than this, for readers that may not write to the folder and so leave no note that they have
   * a revision open. Default 1 hour.
   */
  readonly keepForMs?: number;
}

export interface CollectedRevisions {
  /** Old revisions, and what writers that were killed left behind, relative to the bundle. */
  readonly removed: readonly string[];
  /** What stays though it is not in use, and why. */
  readonly kept: readonly { readonly path: string; readonly reason: string }[];
}

const ONE_HOUR_MS = 60 * 60 * 1000;
// A writer renames what is on its way within a moment, but holds no lease on it.
const ONE_MINUTE_MS = 60 * 1000;
// As `replaceFile` and this file name what is on its way; "~" is in no path of a bundle.
const TEMPORARY = /~[0-9a-f-]{36}$/;

/**
 * Removes the revisions of a bundle's folder that are neither in use nor open anywhere, and what killed writers left. Touches nothing
 * that `writeBundle` did not name, and nothing that it cannot tell: a lease of another machine counts as held.
 */
export async function collectRevisions(
  directory: string,
  options: CollectRevisionsOptions = {},
): Promise<CollectedRevisions> {
  checkOptions('collectRevisions', options, { dryRun: true, keepForMs: true });
  const { dryRun = false, keepForMs = ONE_HOUR_MS } = options;
  const root = resolve(directory);
  const entries = await readdir(root, { withFileTypes: true });
  const before = await readLeases(root);
  const current = await readCurrent(bundleDirectory(root));
  // Again: a reader that came in between holds a lease on what it has seen to be in use, a writer held one before.
  const leases = [...before, ...(await readLeases(root))];
  // Without a revision in use, who knows which one is wanted: a person should look.
  if (current === undefined) return { removed: [], kept: [] };
  const removed: string[] = [];
  const kept: { path: string; reason: string }[] = [];
  for (const entry of entries) {
    const { name } = entry;
    const revision = name.replace(TEMPORARY, '');
    const isLeftover = revision !== name && (revision === CURRENT_PATH || isOurRevision(revision));
    const isOld = entry.isDirectory() && isOurRevision(name) && name !== current;
    if (!isLeftover && !isOld) continue;
    const minAgeMs = isLeftover ? Math.max(keepForMs, ONE_MINUTE_MS) : keepForMs;
    const reason =
      heldBecause(revision, leases) ?? (await youngBecause(join(root, name), minAgeMs));
    if (reason !== undefined) kept.push({ path: name, reason });
    else {
      removed.push(name);
      if (!dryRun) await removeWhole(root, name);
    }
  }
  if (!dryRun) await removeDeadLeases(leases);
  return { removed, kept };
}

function heldBecause(revision: string, leases: readonly Lease[]): string | undefined {
  const lease = leases.find((held) => held.revision === revision && held.isAlive !== false);
  if (lease === undefined) return undefined;
  const { holder, file } = lease;
  if (holder === undefined)
    return `${file} is damaged; remove it if no process has the bundle open`;
  return lease.isAlive === true
    ? `process ${holder.pid} has it open`
    : `process ${holder.pid} of ${holder.host} had it open; remove ${file} if that has ended`;
}

async function youngBecause(path: string, keepForMs: number): Promise<string | undefined> {
  const stats = await ignoring(['ENOENT'], stat(path));
  if (stats === undefined || Date.now() - stats.mtimeMs >= keepForMs) return undefined;
  return `it is younger than ${Math.round(keepForMs / 1000)} s`;
}

/** Renamed first, so that a revision is there as a whole or, half removed, a leftover for the next time. */
async function removeWhole(root: string, name: string): Promise<void> {
  const doomed = TEMPORARY.test(name) ? name : `${name}~${randomUUID()}`;
  if (doomed !== name) await ignoring(['ENOENT'], rename(join(root, name), join(root, doomed)));
  await rm(join(root, doomed), { recursive: true, force: true });
}

async function removeDeadLeases(leases: readonly Lease[]): Promise<void> {
  for (const { file, isAlive } of leases)
    if (isAlive === false) await ignoring(['ENOENT'], unlink(file));
}
