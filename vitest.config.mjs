import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['@snapshot-ensemble/source'];

/** One config for every package: `vitest run --config ../../vitest.config.mjs --root .` */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    setupFiles: ['random', 'properties'].map((what) =>
      fileURLToPath(new URL(`tools/seeded-${what}.mjs`, import.meta.url)),
    ),
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.browser.test.ts', '**/*.chromium.test.ts'],
    // Far above what any test takes: a busy machine must not make one fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
