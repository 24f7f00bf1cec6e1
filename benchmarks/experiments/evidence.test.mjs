// @ts-check
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { evidencePage } from './evidence.mjs';

it('docs/evidence.md has the numbers of the results: run node benchmarks/experiments/evidence.mjs', () => {
  const page = readFileSync(new URL('../../docs/evidence.md', import.meta.url), 'utf8');
  expect(page).toBe(evidencePage());
});
