import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode } from './errors.ts';

/** A process, told apart from every other one as far as the system allows. */
export interface ProcessIdentity {
  readonly host: string;
  /** Which boot of which machine, and which container's process ids; empty where the system does not tell (Linux does). */
  readonly boot: string;
  readonly pid: number;
  /** When it started, in clock ticks after the boot; empty where the system does not tell. */
  readonly start: string;
}

/** This process. */
export async function processIdentity(): Promise<ProcessIdentity> {
  return {
    host: hostname(),
    boot: await bootId(),
    pid: process.pid,
    start: (await processStart(process.pid)) ?? '',
  };
}

/**
 * Whether a process still runs; undefined where that cannot be known from here. Two machines may share a name, so a process of another
 * boot is never called dead: it may be a namesake's.
 */
export async function isProcessAlive(other: ProcessIdentity): Promise<boolean | undefined> {
  if (other.pid <= 0 || other.boot !== (await bootId())) return undefined;
  // Where no boot is known, the name is all there is to go by.
  if (other.host !== hostname()) return undefined;
  if (!isRunning(other.pid)) return false;
  const start = await processStart(other.pid);
  if (start === undefined) return false;
  return start === '' || other.start === '' || start === other.start;
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

async function bootId(): Promise<string> {
  try {
    const [boot, namespace] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
    ]);
    return `${boot.trim()} ${namespace}`;
  } catch {
    return '';
  }
}

/** Field 22 of /proc/PID/stat; empty where there is none; undefined if the process has ended and waits to be collected. See proc(5). */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and parentheses: count fields after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return fields[19] ?? '';
  } catch {
    return '';
  }
}
