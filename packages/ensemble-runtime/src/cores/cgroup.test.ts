import { describe, expect, it } from 'vitest';
import { availableCores } from './budget.ts';
import { cgroupCores } from './cgroup.ts';

type Files = Readonly<Record<string, string>>;

const from = (files: Files) => (path: string) => files[path];

const v2Mount = '31 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
const v1Mounts = [
  '40 30 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
  '41 30 0:36 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
].join('\n');

describe('cgroupCores', () => {
  it.each<[string, Files, number | undefined]>([
    ['nothing to read', {}, undefined],
    [
      'v2 in a container: the mount is the group',
      {
        '/proc/self/mountinfo': v2Mount,
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/cpu.max': '150000 100000\n',
      },
      1.5,
    ],
    [
      'v2 without a quota',
      {
        '/proc/self/mountinfo': v2Mount,
        '/proc/self/cgroup': '0::/user.slice\n',
        '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
      },
      undefined,
    ],
    [
      'v2, the least of all groups up to the root',
      {
        '/proc/self/mountinfo': v2Mount,
        '/proc/self/cgroup': '0::/kubepods/pod1/c1\n',
        '/sys/fs/cgroup/kubepods/cpu.max': '800000 100000\n',
        '/sys/fs/cgroup/kubepods/pod1/cpu.max': '200000 100000\n',
        '/sys/fs/cgroup/kubepods/pod1/c1/cpu.max': 'max 100000\n',
      },
      2,
    ],
    [
      'v1, docker: the group is outside of what is mounted',
      {
        '/proc/self/mountinfo':
          '41 30 0:36 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct',
        '/proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      },
      0.5,
    ],
    [
      'v1 on the host, no quota',
      {
        '/proc/self/mountinfo': v1Mounts,
        '/proc/self/cgroup': '4:cpu,cpuacct:/user\n',
        '/sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us': '100000\n',
      },
      undefined,
    ],
    [
      'hybrid: v1 holds the cpu controller, v2 is there beside it',
      {
        '/proc/self/mountinfo': `${v1Mounts}\n42 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`,
        '/proc/self/cgroup': '4:cpu,cpuacct:/system.slice/a\n0::/system.slice/a\n',
        '/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_quota_us': '300000',
        '/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_period_us': '100000',
      },
      3,
    ],
    [
      'a mount point with a space',
      {
        '/proc/self/mountinfo': '31 24 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw',
        '/proc/self/cgroup': '0::/\n',
        '/my groups/cpu.max': '100000 50000',
      },
      2,
    ],
    [
      'a group above the mount, as a namespace shows it',
      {
        '/proc/self/mountinfo': v2Mount,
        '/proc/self/cgroup': '0::/../other\n',
        '/sys/fs/cgroup/cpu.max': '100000 100000',
      },
      1,
    ],
    [
      'nonsense',
      {
        '/proc/self/mountinfo': `${v2Mount}\nnonsense`,
        '/proc/self/cgroup': 'nonsense\n0::/\n',
        '/sys/fs/cgroup/cpu.max': 'nonsense',
      },
      undefined,
    ],
  ])('reads %s', (_, files, expected) => {
    expect(cgroupCores(from(files))).toBe(expected);
  });
});

describe('availableCores', () => {
  it('is a whole number from 1, however small the quota', () => {
    const files = {
      '/proc/self/mountinfo': v2Mount,
      '/proc/self/cgroup': '0::/',
      '/sys/fs/cgroup/cpu.max': '10000 100000',
    };
    expect(availableCores(from(files))).toBe(1);
  });
});
