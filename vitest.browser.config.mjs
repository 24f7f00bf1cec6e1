import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const conditions = ['@snapshot-ensemble/source', 'browser'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath))
  throw new Error(
    `There is no Chromium at ${executablePath}. Install it (apt-get install chromium) or name yours: CHROMIUM=/path/to/chromium.`,
  );

/** `*.browser.test.ts` of all packages, in one headless Chromium. */
export default defineConfig({
  resolve: { conditions },
  // Found only while a test runs, they would make Vite reload the page in the middle of it.
  optimizeDeps: { include: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'valibot'] },
  test: {
    include: ['packages/*/src/**/*.browser.test.ts'],
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath,
          args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
