// @ts-check
// Registers the native backend with the one tfjs that the alias of vitest.config.mjs leads to.
import { createRequire } from 'node:module';

if (process.env.WITHOUT_NATIVE === undefined)
  createRequire(new URL('../.cache/tfjs-node/package.json', import.meta.url))(
    '@tensorflow/tfjs-node',
  );
