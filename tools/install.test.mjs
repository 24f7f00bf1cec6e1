// @ts-check
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { installEnvironment, missingPackages, nodeComplaint } from './install.mjs';
import { workspaces } from './workspaces.mjs';

const locked = {
  packages: {
    '': { version: '0.0.0' },
    'packages/schedules': { version: '0.0.0' },
    'node_modules/@snapshot-ensemble/schedules': { link: true },
    'node_modules/valibot': { version: '1.5.0' },
    'node_modules/only-on-windows': { version: '1.0.0', optional: true },
  },
};

describe('missingPackages', () => {
  it.each([
    ['nothing is installed', undefined, ['node_modules/valibot']],
    ['a package is missing', { packages: {} }, ['node_modules/valibot']],
    [
      'another version is there',
      { packages: { 'node_modules/valibot': { version: '1.4.0' } } },
      ['node_modules/valibot'],
    ],
    ['all is there', { packages: { 'node_modules/valibot': { version: '1.5.0' } } }, []],
  ])('knows when %s', (_, installed, missing) => {
    expect(missingPackages(locked, installed)).toEqual(missing);
  });

  it('finds nothing to do in this checkout', () => {
    const read = (/** @type {string} */ name) =>
      JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
    expect(
      missingPackages(read('package-lock.json'), read('node_modules/.package-lock.json')),
    ).toEqual([]);
  });
});

describe('nodeComplaint', () => {
  it.each(['v18.20.0', 'v20.18.3'])('refuses %s', (version) => {
    expect(nodeComplaint(version)).toContain(
      `Node ${version} is too old: Node 20.19 or newer is needed.`,
    );
  });

  it.each(['v20.19.0', 'v22.0.0', 'v24.1.0'])('takes %s', (version) => {
    expect(nodeComplaint(version)).toBeUndefined();
  });
});

describe('the lockfile and the repo', () => {
  it('name no registry host', () => {
    const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
    expect(lock).not.toMatch(/"resolved": "https?:/);
  });

  it('deny the download of CUDA libraries', () => {
    const root = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(root.allowScripts['onnxruntime-node']).toBe(false);
    expect(installEnvironment({ PATH: '/bin' })).toEqual({
      ONNXRUNTIME_NODE_INSTALL: 'skip',
      PATH: '/bin',
    });
    expect(installEnvironment({ ONNXRUNTIME_NODE_INSTALL: 'cuda12' })).toEqual({
      ONNXRUNTIME_NODE_INSTALL: 'cuda12',
    });
  });

  it('give npm no setting that it warns of', () => {
    const lines = readFileSync(new URL('../.npmrc', import.meta.url), 'utf8')
      .trim()
      .split('\n');
    // npm's own settings; it warns of any other, and will refuse them.
    expect(lines.map((line) => line.split('=')[0])).toEqual([
      'omit-lockfile-registry-resolved',
      'save-exact',
      'fund',
      'audit',
    ]);
  });

  it('hold no package that runs on newer versions of Node only', () => {
    const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
    const newer = Object.entries(lock.packages)
      .filter(([, { engines }]) => /^(>=|\^)\s*(2[1-9]|[3-9]\d)\b[^|]*$/.test(engines?.node ?? ''))
      .map(([path]) => path);
    expect(newer).toEqual([]);
  });
});

describe('a clone', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const isTracked = (/** @type {string} */ file) =>
    spawnSync('git', ['ls-files', '--error-unmatch', file], { cwd: root }).status === 0;

  it('has the command from its install on: npm links only what is there before anything is built', () => {
    const commands = workspaces(root).flatMap(({ folder, json: { bin = {} } }) =>
      Object.values(bin).map((file) => posix.join(folder, String(file))),
    );
    expect(commands).toEqual(['packages/cli/bin.js']);
    expect(commands.filter((file) => !isTracked(file))).toEqual([]);
    expect(isTracked('packages/cli/dist/main.js')).toBe(false);
    const run = spawnSync('npx', ['snapshot-ensemble', '--version'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.status, run.stderr).toBe(0);
  });
});
