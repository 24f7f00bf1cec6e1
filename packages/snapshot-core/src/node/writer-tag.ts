import type { HolderIdentity } from '../platform/platform.ts';

/** How a process signs its temporary files: short, so that a key of any length leaves room for it in a file's name. */
export function writerTag({ host, boot, pid, start }: HolderIdentity): string {
  return [machineTag({ host, boot }), pid, start].join(',');
}

/** 32 bits of FNV-1a of the names of a machine and its boot. */
export function machineTag({ host, boot }: Pick<HolderIdentity, 'host' | 'boot'>): string {
  let hash = 0x811c9dc5;
  for (const character of `${host} ${boot}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
