// @ts-check
// The adapter's own suite on the native backend: every import of tfjs is that of the tfjs-node which was built.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import shared from '../../vitest.config.mjs';

const built = createRequire(new URL('../.cache/tfjs-node/package.json', import.meta.url));
const setup = fileURLToPath(new URL('setup.mjs', import.meta.url));

export default mergeConfig(
  shared,
  defineConfig({
    root: fileURLToPath(new URL('../../packages/adapter-tfjs', import.meta.url)),
    resolve: {
      alias: [{ find: /^@tensorflow\/tfjs$/, replacement: built.resolve('@tensorflow/tfjs') }],
    },
    test: {
      name: 'tensorflow',
      env: { TFJS_BACKEND: 'tensorflow', TF_CPP_MIN_LOG_LEVEL: '2' },
      setupFiles: [setup],
      isolate: false,
      pool: 'forks',
    },
  }),
);
