// @ts-check
// The floors and profiles are held by machines: plant a fault of each kind, and see it caught.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
/** @type {string[]} */
const planted = [];
afterEach(() => {
  for (const file of planted.splice(0)) rmSync(file, { force: true });
});

/**
 * @param {string} folder
 * @param {string} code
 */
function plant(folder, code) {
  const file = join(root, folder, 'src/planted-fault.ts');
  expect(existsSync(file)).toBe(false);
  planted.push(file);
  writeFileSync(file, code);
  return file;
}

describe('the boundary lint', () => {
  it.each([
    ['a floor above', 'packages/schedules', 'snapshot-core'],
    ['a neighbour', 'packages/export-onnx', 'adapter-tfjs'],
    ['a neighbour on the ground floor', 'packages/ensemble-math', 'schedules'],
    ['a floor above, from the bytes', 'packages/bytes', 'ensemble-bundle'],
    ['serving from training', 'packages/adapter-tfjs', 'ensemble-runtime'],
  ])('refuses an import of %s', (_, folder, target) => {
    const file = plant(folder, `export { default } from '@snapshot-ensemble/${target}';\n`);
    const run = spawnSync(
      process.execPath,
      [join(root, 'node_modules/eslint/bin/eslint.js'), file],
      {
        cwd: join(root, folder),
        encoding: 'utf8',
        env: { ...process.env, NX_DAEMON: 'false' },
      },
    );
    expect(run.stdout).toContain('@nx/enforce-module-boundaries');
    expect(run.status).toBe(1);
  });
});

describe('the profiles', () => {
  it.each([
    [
      'console in a pure package',
      'packages/schedules',
      "console.log('x');\n",
      "Cannot find name 'console'",
    ],
    ['node:fs in a pure package', 'packages/ensemble-math', "import 'node:fs';\n", 'node:fs'],
    [
      'document in a web package',
      'packages/snapshot-core',
      'document.title;\n',
      "Cannot find name 'document'",
    ],
    [
      'process in a web package',
      'packages/ensemble-bundle',
      'process.cwd();\n',
      "Cannot find name 'process'",
    ],
  ])('refuse %s', (_, folder, code, message) => {
    plant(folder, `${code}export {};\n`);
    // A package with code for Node as well has a project for each.
    const project = ['tsconfig.web.json', 'tsconfig.build.json'].find((name) =>
      existsSync(join(root, folder, name)),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const run = spawnSync(
      process.execPath,
      [
        tsc,
        '-p',
        join(root, folder, String(project)),
        '--noEmit',
        '--incremental',
        'false',
        '--composite',
        'false',
      ],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    expect(run.stdout).toContain(message);
    expect(run.status).not.toBe(0);
  });
});
