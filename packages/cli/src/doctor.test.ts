import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../test/run-cli.ts';
import type { Finding } from './doctor/finding.ts';
import { checkInstallScript } from './doctor/onnxruntime.ts';
import { checkCores, checkNode, checkPlatform, type System } from './doctor/system.ts';

const system: System = { nodeVersion: '20.19.0', platform: 'linux', arch: 'x64', glibc: '2.28' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('checkNode', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['20.18.9', 'problem'],
    ['18.20.0', 'problem'],
  ])('%s: %s', (nodeVersion, state) => {
    expect(checkNode({ ...system, nodeVersion }).state).toBe(state);
  });
});

describe('checkPlatform', () => {
  it.each<[string, Partial<System>, string, RegExp]>([
    ['glibc', {}, 'ok', /glibc 2\.28/],
    ['an old glibc', { glibc: '2.27' }, 'problem', /needs 2\.28/],
    ['musl', { glibc: undefined }, 'problem', /musl/],
    ['macOS', { platform: 'darwin', arch: 'arm64', glibc: undefined }, 'ok', /darwin arm64/],
  ])('%s', (_, change, state, detail) => {
    expect(checkPlatform({ ...system, ...change })).toMatchObject({
      state,
      detail: expect.stringMatching(detail),
    });
  });
});

describe('checkCores', () => {
  it('says when a quota allows fewer than the machine has', () => {
    expect(checkCores(8, 8).detail).toBe('8');
    expect(checkCores(8, 2).detail).toBe('2 of 8: a quota of this container allows no more');
  });
});

describe('checkInstallScript', () => {
  const library = 'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so';

  it('tells whether the CUDA provider was downloaded, and how to get it', async () => {
    const installed = { folder, version: '1.30.0' };
    expect(checkInstallScript(installed, system)).toMatchObject({
      state: 'absent',
      remedy: `for a GPU: node ${join(folder, 'script/install.js')} --onnxruntime-node-install=cuda12`,
    });
    await mkdir(join(folder, library, '..'), { recursive: true });
    await writeFile(join(folder, library), '');
    expect(checkInstallScript(installed, system).state).toBe('ok');
    expect(checkInstallScript(installed, { ...system, arch: 'arm64' }).state).toBe('absent');
  });
});

describe('doctor', () => {
  const doctor = async (): Promise<readonly Finding[]> => {
    const { code, stdout, stderr } = await runCli(['doctor', '--json'], { directory: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Finding[];
  };

  it('opens a session with onnxruntime-node, and finds nothing in an empty project', async () => {
    const states = Object.fromEntries((await doctor()).map(({ what, state }) => [what, state]));
    expect(states).toMatchObject({
      Node: 'ok',
      System: 'ok',
      'onnxruntime-node': 'ok',
      '@tensorflow/tfjs': 'absent',
      '@tensorflow/tfjs-node': 'absent',
    });
  });

  it('ends with 1 and one line where a native library does not load', async () => {
    const broken = join(folder, 'node_modules/@tensorflow/tfjs-node');
    await mkdir(broken, { recursive: true });
    await writeFile(join(broken, 'package.json'), '{ "version": "4.22.0", "main": "index.js" }');
    await writeFile(join(broken, 'index.js'), "throw new Error('invalid ELF header');");
    const { code, stdout, stderr } = await runCli(['doctor'], { directory: folder });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^✗ @tensorflow\/tfjs-node +4\.22\.0 does not load: .*invalid ELF header/m,
    );
    expect(stderr).toBe(
      'error: doctor found a problem: @tensorflow/tfjs-node (npm rebuild @tensorflow/tfjs-node, or remove it: the WASM backend works without).\n',
    );
  });
});
