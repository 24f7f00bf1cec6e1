import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { opCases, randomOps } from '../../test/op-cases.ts';
import { runOps } from '../../test/run-ops.ts';
import { opFamilies } from './ops/index.ts';

const isLong = process.env['TIER'] === 'long';
const WANTED = isLong ? 100 : 5;
const SEED = 7;

const ran = new Map<string, object>();

it.each(Object.keys(opCases))(
  '%s computes what tfjs does',
  async (op) => {
    const { failures, ...counts } = await runOps(op, WANTED, SEED);
    expect(failures).toEqual([]);
    expect(counts.ran).toBeGreaterThanOrEqual(WANTED);
    ran.set(op, counts);
  },
  isLong ? 3_600_000 : undefined,
);

it('covers every operation that has a converter', () => {
  // Control flow has tests of its own, and tfjs disposes of what Print passes on.
  const apart = ['If', 'Print', 'StatelessIf', 'StatelessWhile', 'While'];
  const tried = [...Object.keys(opCases), ...randomOps, ...apart].toSorted();
  const converted = Object.values(opFamilies).flatMap((family) => Object.keys(family));
  expect(converted.toSorted()).toEqual(tried);
});

// What OPS.md shows; `npm run tables` writes it from here.
afterAll(async () => {
  if (!isLong) return;
  const file = new URL('../../test/golden/op-coverage.json', import.meta.url);
  const known = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as object;
  const rows = Object.entries({ ...known, ...Object.fromEntries(ran) });
  const lines = rows
    .filter(([op]) => op in opCases)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([op, counts]) => `  ${JSON.stringify(op)}: ${JSON.stringify(counts)}`);
  await writeFile(file, `{\n${lines.join(',\n')}\n}\n`);
});
