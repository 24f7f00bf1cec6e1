import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('.', import.meta.url));

/** What each source file imports from this package, types included. */
function importsOf(): ReadonlyMap<string, readonly string[]> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  return new Map(
    sources.map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const found = [...text.matchAll(/ from '(\.[^']+)'/g)].map(([, path]) => path!);
      return [file, found.map((path) => normalize(join(dirname(file), path)))];
    }),
  );
}

/** Files that reach themselves; empty where imports form no circle. */
function circles(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const left = new Map(imports);
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [file, found] of left) if (!found.some((path) => left.has(path))) left.delete(file);
  }
  return [...left.keys()];
}

describe('the files of this package', () => {
  it('import each other in no circle', () => {
    expect(circles(importsOf())).toEqual([]);
  });

  it('would be caught in one', () => {
    const imports = new Map([...importsOf(), ['errors.ts', ['index.ts']]]);
    expect(circles(imports)).toContain('errors.ts');
  });
});
