import { defineConfig } from 'vitest/config';

/** Tests of the repo itself: its tools, its README's code, its pictures. They run built output. */
export default defineConfig({
  test: { root: import.meta.dirname, include: ['*.test.mjs'], testTimeout: 120_000 },
});
