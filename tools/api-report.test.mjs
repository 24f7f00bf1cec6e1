// @ts-check
// The report must change with the surface, and with nothing else.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reportOf } from './api-surface.mjs';

let folder = '';
const json = {
  name: 'sums',
  exports: {
    '.': { '@snapshot-ensemble/source': './src/index.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
};

/** @param {string} name @param {string} text */
const write = (name, text) => {
  writeFileSync(join(folder, 'src', name), text);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'api-report-'));
  mkdirSync(join(folder, 'src'));
  write('index.ts', "export { add, type Sum } from './add.ts';\nexport const zero: number = 0;\n");
  write(
    'add.ts',
    'export type Sum = number;\n/** Adds. */\nexport function add(a: number, b: number): Sum {\n  return a + b;\n}\nexport function hidden(): void {}\n',
  );
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('lists what the entries export, with its declarations', () => {
  expect(reportOf(folder, json)).toMatchInlineSnapshot(`
    "# sums: 3 names

    export type Sum = number;

    export declare function add(a: number, b: number): Sum;

    export declare const zero: number;
    "
  `);
});

it.each([
  [
    'an export that is new',
    'index.ts',
    "export { add, hidden, type Sum } from './add.ts';\nexport const zero: number = 0;\n",
  ],
  ['an export that is gone', 'index.ts', "export { add, type Sum } from './add.ts';\n"],
  [
    'another name',
    'index.ts',
    "export { add as plus, type Sum } from './add.ts';\nexport const zero: number = 0;\n",
  ],
  [
    'another parameter',
    'add.ts',
    'export type Sum = number;\nexport function add(a: number): Sum {\n  return a;\n}\n',
  ],
  [
    'another type behind a name',
    'add.ts',
    'export type Sum = bigint;\nexport function add(a: number, b: number): Sum {\n  return BigInt(a + b);\n}\n',
  ],
])('sees %s', (_, name, text) => {
  const before = reportOf(folder, json);
  write(name, text);
  expect(reportOf(folder, json)).not.toBe(before);
});

it('does not see comments and bodies', () => {
  const before = reportOf(folder, json);
  write(
    'add.ts',
    'export type Sum = number;\n/** Sums up. */\nexport function add(a: number, b: number): Sum {\n  return b + a;\n}\n',
  );
  expect(reportOf(folder, json)).toBe(before);
});
