// @ts-check
// The code on every README runs, and its types hold. Blocks marked `ts` are whole programs.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, importsAndInstalls, pagesWithPrograms, readmeBlocks } from './readme.mjs';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'tools/.readme');
const programs = readmeBlocks(root)
  .filter(({ language }) => language === 'ts')
  .map((block) => ({
    ...block,
    name: `${block.page}:${block.line}`,
    file: `${block.page.replace(/\W/g, '-')}-${block.line}`,
  }));

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { file, code } of programs) {
    writeFileSync(join(folder, `${file}.ts`), code);
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    writeFileSync(join(folder, `${file}.mjs`), outputText);
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: 'nodenext',
        lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
        types: ['node'],
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        moduleDetection: 'force',
      },
      include: ['*.ts'],
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README code', () => {
  it.each(programs)('$name runs', ({ file }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'readme-'));
    // What a page calls "a bundle on disk".
    cpSync(join(root, 'conformance/serving/golden/tiny'), join(cwd, 'bundle'), { recursive: true });
    const run = spawnSync(process.execPath, [join(folder, `${file}.mjs`)], {
      cwd,
      encoding: 'utf8',
    });
    rmSync(cwd, { recursive: true, force: true });
    expect(run.status, run.stderr).toBe(0);
    // A page that names an output, a member or a key which is not there.
    expect(run.stdout).not.toContain('undefined');
  });

  it('is well typed', () => {
    const run = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
      { encoding: 'utf8' },
    );
    expect(run.stdout).toBe('');
    expect(run.status).toBe(0);
  });

  it('is caught where it is wrong', () => {
    const [block] = codeBlocks(
      'page',
      'text\n\n```ts\nconst two: string = 2;\nthrow new Error(`${two}`);\n```\n',
    );
    expect(block).toEqual({
      page: 'page',
      line: 4,
      language: 'ts',
      code: 'const two: string = 2;\nthrow new Error(`${two}`);\n',
    });
    expect(() => codeBlocks('page', '```ts\n1;\n')).toThrow('line 2 has no end');
  });
});

describe('every page', () => {
  // Of the repo alone: its images.
  const inTheClone = ['@snapshot-ensemble/datasets'];

  it.each(pagesWithPrograms(root))('%s says what its programs need', (page) => {
    const { imports, installs } = importsAndInstalls(root, page);
    const missing = [...imports].filter((name) => !installs.has(name));
    expect(missing.filter((name) => !inTheClone.includes(name))).toEqual([]);
  });

  it('is caught where it leaves one out', () => {
    const page = 'packages/schedules/README.md';
    expect([...importsAndInstalls(root, page).imports]).toContain('@snapshot-ensemble/schedules');
    const folder = mkdtempSync(join(tmpdir(), 'page-'));
    writeFileSync(
      join(folder, 'page.md'),
      "`npm install a`\n\n```ts\nimport 'a/b';\nimport { c } from '@s/c/d';\n```\n",
    );
    expect(importsAndInstalls(folder, 'page.md')).toEqual({
      imports: new Set(['a', '@s/c']),
      installs: new Set(['a']),
    });
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('every public package', () => {
  it.each(workspaces(root).filter(({ private: hidden }) => !hidden))(
    '$name has a README of at most 100 lines',
    (workspace) => {
      const page = join(root, workspace.folder, 'README.md');
      expect(existsSync(page)).toBe(true);
      expect(readFileSync(page, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(100);
    },
  );

  it.each(workspaces(root).filter(({ private: hidden }) => !hidden))(
    '$name answers to the same scripts',
    ({ scripts }) => {
      expect(Object.keys(scripts)).toEqual(
        expect.arrayContaining(['build', 'typecheck', 'lint', 'test']),
      );
    },
  );
});

describe('CONTRIBUTING.md', () => {
  it('has at most 120 lines', () => {
    expect(
      readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').trimEnd().split('\n').length,
    ).toBeLessThanOrEqual(120);
  });
});

describe('the repo', () => {
  it('names no path of a machine', () => {
    // A pattern in pieces, so that this file does not match itself.
    const pattern = ['(^|[^A-Za-z0-9_.-])/', '(home|root|work|farm)/[a-z]'].join('');
    const run = spawnSync('git', ['grep', '-nIE', pattern, '--', '.', ':!package-lock.json'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.stdout).toBe('');
  });
});
