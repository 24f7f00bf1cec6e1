import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const conditions = ['@snapshot-ensemble/source', 'browser'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath))
  throw new Error(
    `There is no Chromium at ${executablePath}. Install it (apt-get install chromium) or name yours: CHROMIUM=/path/to/chromium.`,
  );

const include = 'packages/*/src/**/*.browser.test.ts';
const isolated = 'packages/*/src/**/*.isolated.browser.test.ts';
const webgpu = '{packages,examples}/*/src/**/*.webgpu.browser.test.ts';
/** Made for each project: vitest writes into it. */
const chromium = (gpu = ['--disable-gpu']) => ({
  enabled: true,
  headless: true,
  screenshotFailures: false,
  provider: playwright({
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        ...gpu,
      ],
    },
  }),
  instances: [{ browser: 'chromium' }],
});

/** @param {string} name @param {object} test @param {object} [server] */
const project = (name, test, server = {}) => ({
  server,
  // Two servers must not write each other's files.
  cacheDir: `node_modules/.vite/${name.replace(' ', '-')}`,
  resolve: { conditions },
  // Found only while a test runs, they would make Vite reload the page in the middle of it.
  optimizeDeps: {
    include: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'valibot', '@jax-js/jax'],
    // It finds its WebAssembly beside itself.
    exclude: ['onnxruntime-web'],
  },
  test: {
    name,
    testTimeout: 60_000,
    setupFiles: ['tools/seeded-random.mjs'],
    browser: chromium(),
    // One page computes while the other waits for its graphics process.
    maxWorkers: 2,
    ...test,
  },
});

/** `*.browser.test.ts` of all packages, in headless Chromium; those of pages that may share memory between threads are `*.isolated.browser.test.ts`. */
export default defineConfig({
  test: {
    projects: [
      project('page', { include: [include], exclude: [isolated, webgpu] }),
      project(
        'isolated page',
        { include: [isolated] },
        {
          headers: {
            'Cross-Origin-Opener-Policy': 'same-origin',
            'Cross-Origin-Embedder-Policy': 'require-corp',
          },
        },
      ),
      // SwiftShader, which Chromium brings along, computes WebGPU on the processor. Without Vulkan for the rest of the page, reading a
      // WebGPU canvas ends the GPU process.
      project('webgpu page', {
        include: [webgpu],
        browser: chromium([
          '--enable-unsafe-webgpu',
          '--use-webgpu-adapter=swiftshader',
          '--enable-features=Vulkan',
          '--use-vulkan=swiftshader',
          '--use-angle=swiftshader',
        ]),
        fileParallelism: false,
      }),
    ],
  },
});
