import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOnnx } from '@snapshot-ensemble/export-onnx';
import { chromium, type Browser } from 'playwright';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let outDir: string;
let server: PreviewServer;
let browser: Browser;
beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'browser-example-'));
  await build({ root, logLevel: 'warn', build: { outDir, minify: false, emptyOutDir: true } });
  server = await preview({ root, build: { outDir }, preview: { port: 0, host: '127.0.0.1' } });
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await rm(outDir, { recursive: true });
});

/** Reloads the page at the moment that it shows its second snapshot, once. */
const reloadInTheMiddle = (): void => {
  if (sessionStorage.getItem('reloaded') !== null) return;
  document.addEventListener('DOMContentLoaded', () => {
    const snapshots = document.getElementById('snapshots')!;
    new MutationObserver(() => {
      if (snapshots.children.length < 2) return;
      sessionStorage.setItem('reloaded', 'yes');
      location.reload();
    }).observe(snapshots, { childList: true });
  });
};

it('trains, survives a reload, and downloads a graph that it has run', async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(110_000); // a busy machine must not make it fail
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.addInitScript(reloadInTheMiddle);
  await page.goto(server.resolvedUrls!.local[0]!);
  await page.getByRole('button', { name: 'Train' }).click();

  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Trained: 5 of 5 snapshots').waitFor();
  const snapshots = await page.locator('#snapshots li').allTextContents();
  expect(snapshots.map((text) => /step (\d+)/.exec(text)?.[1])).toEqual(
    [80, 160, 240, 320, 400].map(String),
  );
  const loss = Number(/loss ([\d.]+)/.exec(snapshots[4]!)?.[1]);
  expect(loss).toBeLessThan(0.4); // 0.69 is a coin's

  await page.getByRole('button', { name: 'Export and run' }).click();
  const [, mantissa] = /at most ([\d.e+-]+)\. /.exec(
    await page.getByText('onnxruntime-web and TensorFlow.js').innerText(),
  )!;
  expect(Number(mantissa)).toBeLessThan(1e-5);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download ensemble.onnx' }).click();
  const file = join(outDir, 'downloaded.onnx');
  await (await download).saveAs(file);
  const { inputs, outputs } = readOnnx(await readFile(file));
  expect(inputs).toHaveLength(1);
  expect(outputs.map(({ name }) => name)).toContain('arm');
  expect(errors).toEqual([]);
  await page.close();
});
