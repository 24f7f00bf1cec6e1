import { describe, expect, it } from 'vitest';
import { explainLoadFailure, thisMachine, type Machine } from './load-failure.ts';

const debian: Machine = { platform: 'linux', arch: 'x64', glibc: '2.36' };
const alpine: Machine = { platform: 'linux', arch: 'x64', glibc: undefined };
const mac: Machine = { platform: 'darwin', arch: 'arm64', glibc: undefined };

const missing = Object.assign(
  new Error("Cannot find package 'onnxruntime-node' imported from worker.js"),
  { code: 'ERR_MODULE_NOT_FOUND' },
);
const unopened = Object.assign(
  new Error('Error loading shared library ld-linux-x86-64.so.2: No such file\n(needed by …)'),
  { code: 'ERR_DLOPEN_FAILED' },
);

describe('explainLoadFailure', () => {
  it.each([
    ['a missing package', missing, debian, 'runtime-missing', 'npm install onnxruntime-node'],
    ['musl', unopened, alpine, 'runtime-unsupported', 'node:20-slim in place of Alpine'],
    ['an old glibc', unopened, debian, 'runtime-unsupported', 'glibc 2.28 or newer'],
    ['another system', unopened, mac, 'runtime-unsupported', 'does not load on darwin arm64:'],
  ])('explains %s', (_, cause, machine, code, text) => {
    const error = explainLoadFailure(cause, machine);
    expect(error).toMatchObject({ code, cause });
    expect(error.message).toContain(text);
  });

  it('reads the C library of this machine', () => {
    const { platform, glibc } = thisMachine();
    expect(platform).toBe(process.platform);
    if (platform === 'linux') expect(glibc).toMatch(/^2\.\d+$/);
  });
});
