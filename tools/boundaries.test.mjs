// @ts-check
// The floors and profiles are held by machines: show each a fault of each kind, and see it caught. No fault is written to
// the tree, where a killed run would leave it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeGraph } from './lint.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the boundary lint', () => {
  beforeAll(makeGraph);

  it.each([
    ['a floor above', 'packages/schedules', 'snapshot-core'],
    ['a neighbour', 'packages/export-onnx', 'adapter-tfjs'],
    ['a neighbour on the ground floor', 'packages/ensemble-math', 'schedules'],
    ['a floor above, from the bytes', 'packages/bytes', 'ensemble-bundle'],
    ['serving from training', 'packages/adapter-tfjs', 'ensemble-runtime'],
  ])('refuses an import of %s', (_, folder, target) => {
    const eslint = join(root, 'node_modules/eslint/bin/eslint.js');
    const run = spawnSync(
      process.execPath,
      [eslint, '--stdin', '--stdin-filename', join(root, folder, 'src/index.ts')],
      {
        cwd: join(root, folder),
        encoding: 'utf8',
        env: { ...process.env, NX_DAEMON: 'false' },
        input: `export { default } from '@snapshot-ensemble/${target}';\n`,
      },
    );
    expect(run.stdout).toMatch(/ error [^✖]*@nx\/enforce-module-boundaries/);
    expect(run.status).toBe(1);
  });
});

/**
 * What the compiler says of a file that would stand beside the sources of a package.
 *
 * @param {string} folder
 * @param {string} code
 */
function complaints(folder, code) {
  // A package with code for Node as well has a project for each.
  const project = ['tsconfig.web.json', 'tsconfig.build.json']
    .map((name) => join(root, folder, name))
    .find((path) => existsSync(path));
  const read = ts.readConfigFile(String(project), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, join(root, folder));
  const planted = join(root, folder, 'src/planted-fault.ts');
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (path) => (path === planted ? code : readFile(path));
  host.fileExists = (path) => path === planted || fileExists(path);
  const program = ts.createProgram([planted], { ...options, noEmit: true }, host);
  return program
    .getSemanticDiagnostics(program.getSourceFile(planted))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the profiles', () => {
  const faults = [
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
  ];
  it.each(faults)('refuse %s', (_, folder = '', code, message) => {
    expect(complaints(folder, `${code}export {};\n`).join('\n')).toContain(message);
  });

  it.each(faults)('let a file pass that has nothing of the kind: %s', (_, folder = '') => {
    expect(complaints(folder, "'x'.trim();\nexport {};\n")).toEqual([]);
  });
});
