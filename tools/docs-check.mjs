// @ts-check
// `npm run docs:check` after `npm run docs`: in Chromium the live pictures of the built site move, its search finds pages, and it asks
// nobody else for anything. Ends with `N passed, N failed`.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';

const dist = fileURLToPath(new URL('../docs/.vitepress/dist', import.meta.url));
/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const server = createServer(async ({ url = '/' }, response) => {
  const { pathname } = new URL(url, 'http://localhost');
  const name = extname(pathname) === '' ? `${pathname}.html` : pathname;
  try {
    const body = await readFile(join(dist, name));
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream' });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
/** @type {string[]} */
const problems = [];
page.on('pageerror', ({ message }) => problems.push(message));
await page.route('**/*', async (route) => {
  const { hostname } = new URL(route.request().url());
  if (hostname === '127.0.0.1') return route.continue();
  problems.push(`it asks ${hostname}`);
  return route.abort();
});
await page.goto(`http://127.0.0.1:${port}/concepts`);

/** What is changed, and what must then read differently. @type {Record<string, [() => Promise<void>, string]>} */
const pictures = {
  'a schedule': [() => page.getByLabel('Number').fill('7'), '.playground svg'],
  'the opinions of members': [() => page.getByRole('radio').last().click(), '.opinions figcaption'],
  'declining to answer': [() => page.getByLabel('Decline').fill('30'), '.abstention figcaption'],
  'the temperature': [() => page.getByLabel('Temperature').fill('2'), '.temperature figcaption'],
};
let passed = 0;
let failed = 0;
for (const [name, [change, selector]] of Object.entries(pictures)) {
  try {
    const target = page.locator(selector);
    const before = await target.textContent();
    // Again until it has an effect: the page shows its pictures before it listens.
    await until(async () => {
      await change();
      return (await target.textContent()) !== before;
    });
    passed += 1;
  } catch (error) {
    failed += 1;
    console.error(`FAIL ${name}: ${error instanceof Error ? error.message : error}`);
  }
}
try {
  await page.locator('.VPNavBarSearch button').first().click();
  await page.locator('#localsearch-input').fill('checkpointEveryEpochs');
  await page.locator('.VPLocalSearchBox .result').first().click();
  await page.waitForURL(/\/(guides\/tfjs|reference\/|from-the-python-library)/);
  passed += 1;
} catch (error) {
  failed += 1;
  console.error(`FAIL the search: ${error instanceof Error ? error.message : error}`);
}
failed += problems.length;
for (const problem of problems) console.error(`FAIL the page: ${problem}`);
await browser.close();
server.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** @param {() => Promise<boolean>} isSo */
async function until(isSo) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('nothing changed within 30 s');
}
