import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { HolderIdentity } from '../platform/platform.ts';
import { errorCode } from './file-errors.ts';

export async function ownIdentity(): Promise<HolderIdentity> {
  return {
    host: hostname(),
    pid: process.pid,
    processStart: (await processStart(process.pid)) ?? '',
  };
}

/** Whether a process of this host still runs; undefined for another host's. */
export async function isProcessAlive(other: HolderIdentity): Promise<boolean | undefined> {
  if (other.host !== hostname() || other.pid <= 0) return undefined;
  if (!isRunning(other.pid)) return false;
  const start = await processStart(other.pid);
  if (start === undefined) return false;
  return start === '' || other.processStart === '' || start === other.processStart;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process runs, though we may not signal it.
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Boot id and start in clock ticks after boot, as Linux tells them; empty elsewhere; undefined if the process
 * has ended and only waits to be collected. See proc(5).
 */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The command's name may hold spaces and parentheses: count fields after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${boot.trim().slice(0, 8)}.${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}
