import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import base from './vitest.config.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath))
  throw new Error(
    `There is no Chromium at ${executablePath}. Install it (apt-get install chromium) or name yours: CHROMIUM=/path/to/chromium.`,
  );

/** Whole pages in Chromium, with the server that they talk to. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['**/*.chromium.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
  },
});
