import { defineConfig, mergeConfig } from 'vitest/config';
import shared from '../../vitest.config.mjs';

/** The whole suite on each backend that runs in Node. */
const onBackend = (name) =>
  mergeConfig(shared, { test: { name, env: { TFJS_BACKEND: name }, isolate: false } });

export default defineConfig({ test: { projects: [onBackend('cpu'), onBackend('wasm')] } });
