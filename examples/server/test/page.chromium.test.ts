import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expressApp } from '../src/express.ts';
import { exampleFolder } from './bundle.ts';

let folder: string;
let server: Server;
let browser: Browser;
let closeApp: () => Promise<void>;
beforeAll(async () => {
  folder = await exampleFolder();
  const { app, close } = await expressApp(join(folder, 'bundle'));
  closeApp = close;
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await Promise.all([once(server.close(), 'close'), closeApp()]);
  await rm(folder, { recursive: true });
});

const url = (path: string): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

it('shows what each member makes of a drawing', async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.goto(url('/draw/'));
  await page.waitForSelector('[data-ready]');
  const box = (await page.locator('canvas').boundingBox())!;
  await page.mouse.move(box.x + 80, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 200, box.y + 220, { steps: 8 });
  await page.mouse.up();
  await page.waitForSelector('[data-sure]');
  expect(await page.locator('#verdict').textContent()).toMatch(/^(It is |Never seen)/);
  expect(await page.locator('#confidence').textContent()).toMatch(
    /^Confidence \d+\.\d %; the members/,
  );
  expect(await page.locator('#classes tr').count()).toBe(10);
  expect(await page.locator('#members tr').count()).toBe(3);
  await page.click('#clear');
  expect(await page.locator('#verdict').textContent()).toBe('Draw something.');
  expect(errors).toEqual([]);
  await page.close();
});

it('shows the models of the server and tries one', async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url('/'));
  await page.getByRole('button', { name: 'Ask digits' }).click();
  await page.getByText('"model_name": "digits"').waitFor({ state: 'attached' });
  await page.getByLabel('Request to digits').fill('{"inputs":[]}');
  await page.getByRole('button', { name: 'Ask digits' }).click();
  expect(await page.getByRole('alert').textContent()).toContain('400');
  // The refused request, and the card that the bundle lacks.
  expect(errors.every((text) => /40[04]/.test(text))).toBe(true);
  await page.close();
});
