// @ts-check
// Files that import each other in a circle can only be read, tested and moved together.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = workspaces(root)
  .map(({ folder }) => folder)
  .filter((folder) => existsSync(join(root, folder, 'src')));

/**
 * What each source file of a workspace imports from it, types included.
 *
 * @param {string} folder
 * @returns {Map<string, string[]>}
 */
function importsOf(folder) {
  const src = join(root, folder, 'src');
  const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.(test|test-d|d))\.ts$/.test(file),
  );
  return new Map(
    sources.map((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      const found = [...text.matchAll(/(?:from |import\(|import )'(\.[^']+)'/g)];
      return [file, found.map(([, path]) => normalize(join(dirname(file), path ?? '')))];
    }),
  );
}

/**
 * The files of circles, and those that reach one; empty where there is none.
 *
 * @param {ReadonlyMap<string, readonly string[]>} imports
 */
function circles(imports) {
  const left = new Map(imports);
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [file, found] of left) if (!found.some((path) => left.has(path))) left.delete(file);
  }
  return [...left.keys()];
}

it.each(folders)('no files of %s import each other in a circle', (folder) => {
  expect(circles(importsOf(folder))).toEqual([]);
});

it('finds a circle that was planted', () => {
  const imports = new Map([...importsOf('packages/schedules'), ['plan.ts', ['index.ts']]]);
  expect(circles(imports)).toContain('plan.ts');
});
