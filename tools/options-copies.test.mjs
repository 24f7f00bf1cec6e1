// @ts-check
// `schedules` and `ensemble-math` depend on nothing, so they carry the check of option keys themselves: the same file.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** @param {string} name */
const source = (name) =>
  readFileSync(new URL(`../packages/${name}/src/options.ts`, import.meta.url), 'utf8');

it.each(['schedules', 'ensemble-math'])('%s checks options as the options package does', (name) => {
  expect(source(name)).toBe(source('options'));
});
