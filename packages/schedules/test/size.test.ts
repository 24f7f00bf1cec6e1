import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';

const built = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));

/** Bytes of a minified bundle of this one module, after gzip. */
async function bytesOf(code: string): Promise<number> {
  const entry = 'entry.js';
  const bundle = await rolldown({
    input: entry,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  expect(output).toHaveLength(1);
  return gzipSync(output[0].code, { level: 9 }).length;
}

describe('bundled, minified, gzipped', () => {
  it.each([
    ['equalCycles, anneal and cosine', '{ equalCycles, anneal, cosine }', 'index.js', 2000],
    ['the root entry', '*', 'index.js', 5000],
    ['./compat', '*', 'compat/index.js', 5000],
    ['./pictures', '*', 'pictures/index.js', 2000],
  ])('%s: at most the limit', async (_, names, file, limit) => {
    const bytes = await bytesOf(`export ${names} from ${JSON.stringify(built(file))};`);
    expect(bytes).toBeLessThanOrEqual(limit);
    // An empty bundle would pass too.
    expect(bytes).toBeGreaterThan(limit / 2);
  });
});
