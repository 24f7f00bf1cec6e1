import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { configurations } from '../test/configurations.ts';
import { runConfigurations } from '../test/run-configurations.ts';
import type { LayerClassName } from './converters/index.ts';

const isLong = process.env['TIER'] === 'long';
const WANTED = isLong ? 1000 : 50;
const SEED = 20;

const ran = new Map<string, object>();

it.each(Object.keys(configurations) as LayerClassName[])(
  '%s computes what tfjs does',
  async (className) => {
    const { failures, ...counts } = await runConfigurations(className, WANTED, SEED);
    const { distinct, refused, largestDifference, largestShare } = counts;
    process.stdout.write(
      `${className}: ${counts.ran} ran (${distinct} different), ${refused} refused by tfjs, ` +
        `largest difference ${largestDifference.toExponential(1)}, ${largestShare.toFixed(2)} of the gate\n`,
    );
    expect(failures).toEqual([]);
    expect(counts.ran).toBeGreaterThanOrEqual(WANTED);
    ran.set(className, counts);
  },
  isLong ? 3_600_000 : undefined,
);

// What LAYERS.md shows; `npm run tables` writes it from here.
afterAll(async () => {
  if (!isLong) return;
  const file = new URL('../test/golden/coverage.json', import.meta.url);
  const known = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as object;
  const all = { ...known, ...Object.fromEntries(ran) };
  const rows = Object.entries(all).filter(([name]) => name in configurations);
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = rows.map(
    ([name, counts]) => `  ${JSON.stringify(name)}: ${JSON.stringify(counts)}`,
  );
  await writeFile(file, `{\n${lines.join(',\n')}\n}\n`);
});
