// @ts-check
import { readFileSync, readdirSync } from 'node:fs';

/**
 * Resident memory of a process and of its children, in MB.
 *
 * @param {number} pid
 * @returns {number}
 */
export function resident(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return children.reduce((sum, child) => sum + resident(Number(child)), own);
}
