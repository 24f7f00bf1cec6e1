// @ts-check
// The five-minute start works as it is typed: what it trains is exported, verified, served and answers the page's request.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codeBlocks } from './readme.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'packages/cli/dist/main.js');
// In the repo, where the packages are found.
const folder = join(root, 'tools/.start');
const blocks = codeBlocks('start.md', readFileSync(join(root, 'docs/start.md'), 'utf8'));
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ code }) => code.split('\n'))
  .filter((line) => line.startsWith('npx snapshot-ensemble '))
  .map((line) => line.split(' ').slice(2));

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const program = blocks.find(({ language }) => language === 'js');
  writeFileSync(join(folder, 'train.mjs'), program?.code ?? '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(commands.filter(([name]) => name !== 'serve').map((words) => [words.join(' '), words]))(
  'npx snapshot-ensemble %s',
  (_, words) => {
    const run = spawnSync(process.execPath, [main, ...words], { cwd: folder, encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
  },
);

it('answers the request of the page', async () => {
  const server = spawn(process.execPath, [main, 'serve', 'bundle', '--port', '0', '--json'], {
    cwd: folder,
  });
  try {
    const [line] = await new Promise((resolve) => {
      server.stdout.setEncoding('utf8').once('data', (text) => resolve(text.split('\n')));
    });
    const { code } = blocks.find(({ code }) => code.startsWith('curl ')) ?? { code: '' };
    const [, body = '', path = ''] = /'(\{.*\})' http:\/\/[^/]+(\S+)/.exec(code) ?? [];
    const answer = await fetch(`${JSON.parse(line).url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { outputs } = /** @type {any} */ (await answer.json());
    expect(outputs[0]).toMatchObject({ name: 'side', shape: [1, 2] });
  } finally {
    server.kill('SIGINT');
  }
});
