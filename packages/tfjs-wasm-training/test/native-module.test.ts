import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { render } from '../native/compile.mjs';

it('carries the module that its sources compile to', async () => {
  const committed = await readFile(new URL('../src/native-module.ts', import.meta.url), 'utf8');
  expect(committed === (await render())).toBe(true);
}, 120_000);
