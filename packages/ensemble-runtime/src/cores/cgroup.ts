/** What the kernel says about this process's control groups; undefined where there is no such file. */
export type ReadFile = (path: string) => string | undefined;

interface Mount {
  /** The folder of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly isV2: boolean;
}

/**
 * Cores that control groups grant this process: the least quota ÷ period from its own group up to the mount's root; undefined without a quota. v1, v2
 * and both at once. Node 20 does not read them (libuv 1.46).
 */
export function cgroupCores(read: ReadFile): number | undefined {
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
  const groups = parseGroups(read('/proc/self/cgroup') ?? '');
  const quotas = mounts.flatMap((mount) => {
    const group = groups.find(({ isV2 }) => isV2 === mount.isV2);
    return group === undefined ? [] : quotasOf(read, mount, group.path);
  });
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

/** `36 25 0:30 /root /point options - cgroup2 …`: fields by spaces, which are escaped in paths. */
function parseMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [own, system] = line.split(' - ');
    if (own === undefined || system === undefined) return [];
    const [, , , root, point] = own.split(' ');
    const [type, , options] = system.split(' ');
    const hasCpu = type === 'cgroup2' || (options ?? '').split(',').includes('cpu');
    if ((type !== 'cgroup' && type !== 'cgroup2') || !hasCpu) return [];
    return [{ root: unescape(root!), point: unescape(point!), isV2: type === 'cgroup2' }];
  });
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** `0::/path` for v2, `4:cpu,cpuacct:/path` for v1. */
function parseGroups(cgroup: string): readonly { readonly isV2: boolean; readonly path: string }[] {
  return cgroup.split('\n').flatMap((line) => {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (match === null) return [];
    const [, id, controllers, path] = match;
    const isV2 = id === '0' && controllers === '';
    return isV2 || controllers!.split(',').includes('cpu') ? [{ isV2, path: path! }] : [];
  });
}

function quotasOf(read: ReadFile, { root, point, isV2 }: Mount, path: string): readonly number[] {
  // In a container the mount's root may be the group itself, and then its folder is the mount point.
  const isInside = path === root || root === '/' || path.startsWith(`${root}/`);
  const inside = isInside && root !== '/' ? path.slice(root.length) : isInside ? path : '/';
  const sides = inside.split('/').filter((side) => side !== '' && side !== '..');
  const folders = Array.from({ length: sides.length + 1 }, (_, depth) =>
    [point.replace(/\/$/, ''), ...sides.slice(0, depth)].join('/'),
  );
  return folders.flatMap((folder) => {
    const cores = isV2 ? quotaV2(read, folder) : quotaV1(read, folder);
    return cores === undefined ? [] : [cores];
  });
}

function quotaV2(read: ReadFile, folder: string): number | undefined {
  const [quota, period] = (read(`${folder}/cpu.max`) ?? '').trim().split(/\s+/);
  return quota === 'max' ? undefined : ratio(quota, period);
}

function quotaV1(read: ReadFile, folder: string): number | undefined {
  return ratio(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`));
}

/** −1 stands for no quota. */
function ratio(quota: string | undefined, period: string | undefined): number | undefined {
  const cores = Number(quota) / Number(period);
  return Number(quota) > 0 && Number.isFinite(cores) ? cores : undefined;
}
