// @ts-check
// Every function of the public surface that takes options is in its package's table of misspelt ones.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));

/** What is not in a table, and why. */
const exempt = new Map([
  ['options', 'its one function is the check'],
  ['bytes', 'plumbing of the packages above; its options are for their tests'],
  ['cli', 'the argument parser refuses what the commands do not have'],
]);

/** @param {string} report */
function optionTakers(report) {
  const functions = report.matchAll(/^export declare function (\w+)(?:<[^(]*>)?\(([^]*?)\): /gm);
  return [...functions]
    .filter(([, , parameters]) => /: \w*Options\b|\}\??: \{/.test(parameters ?? ''))
    .map(([, name]) => name);
}

it.each(readdirSync(packages).filter((name) => !exempt.has(name)))('%s', (name) => {
  const takers = optionTakers(readFileSync(join(packages, name, 'api.txt'), 'utf8'));
  const path = join(packages, name, 'test/option-keys.test.ts');
  const table = existsSync(path) ? readFileSync(path, 'utf8') : '';
  expect(takers.filter((taker) => !new RegExp(`^ {2}'?${taker}\\b`, 'm').test(table))).toEqual([]);
});

it('sees a function with options', () => {
  const report =
    'export declare function fit(rows: Rows, options?: FitOptions): Policy;\nexport declare function add(a: number): Sum;\nexport declare function mark({ kind }?: {\n    readonly kind?: Kind;\n}): void;\n';
  expect(optionTakers(report)).toEqual(['fit', 'mark']);
});
