import type { Finding } from './finding.ts';

/** What the checks of the system look at, as `process` has it. */
export interface System {
  readonly nodeVersion: string;
  readonly platform: string;
  readonly arch: string;
  /** Version of the GNU C library; undefined on musl and off Linux. */
  readonly glibc: string | undefined;
}

export function thisSystem(): System {
  const { header } = process.report.getReport() as unknown as {
    readonly header: { readonly glibcVersionRuntime?: string };
  };
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    glibc: header.glibcVersionRuntime,
  };
}

const nodeFloor = [20, 19];
/** What the prebuilt library of onnxruntime-node is linked against. */
const glibcFloor = [2, 28];

export function checkNode({ nodeVersion }: System): Finding {
  const what = 'Node';
  if (isAtLeast(nodeVersion, nodeFloor)) return { what, state: 'ok', detail: nodeVersion };
  return {
    what,
    state: 'problem',
    detail: `${nodeVersion}; the oldest that works is ${nodeFloor.join('.')}`,
    remedy: 'install a newer Node from https://nodejs.org',
  };
}

export function checkPlatform({ platform, arch, glibc }: System): Finding {
  const what = 'System';
  const name = `${platform} ${arch}`;
  if (platform !== 'linux') return { what, state: 'ok', detail: name };
  if (glibc === undefined)
    return {
      what,
      state: 'problem',
      detail: `${name} with musl, on which onnxruntime-node does not load`,
      remedy:
        'use a glibc image such as node:20-slim instead of Alpine; training and export work here',
    };
  if (!isAtLeast(glibc, glibcFloor))
    return {
      what,
      state: 'problem',
      detail: `${name} with glibc ${glibc}; onnxruntime-node needs ${glibcFloor.join('.')}`,
      remedy: 'use a newer distribution',
    };
  return { what, state: 'ok', detail: `${name}, glibc ${glibc}` };
}

/** Cores that ensembles compute on, and a container's quota where it allows fewer than the machine has. */
export function checkCores(machine: number, usable: number): Finding {
  const what = 'Cores';
  if (usable >= machine) return { what, state: 'ok', detail: String(machine) };
  return {
    what,
    state: 'ok',
    detail: `${usable} of ${machine}: a quota of this container allows no more`,
  };
}

function isAtLeast(version: string, [major, minor]: readonly number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major! || (ownMajor === major && ownMinor >= minor!);
}
