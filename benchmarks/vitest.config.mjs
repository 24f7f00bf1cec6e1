import { defineConfig } from 'vitest/config';

const conditions = ['@snapshot-ensemble/source'];

/** Tests of what the experiments read and plan; the measurements themselves have none. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['experiments/**/*.test.mjs'] },
});
