// @ts-check
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { absoluteLinks, addressOf, fillIn } from './address.mjs';
import { missingFields } from './release.mjs';
import { workspaces } from './workspaces.mjs';

const address = 'https://github.com/owner/name';
const folder = mkdtempSync(join(tmpdir(), 'address-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['![a](picture.svg)', `![a](${address}/raw/HEAD/packages/one/picture.svg)`],
  ['[a](../two#part) [b](#here)', `[a](${address}/blob/HEAD/packages/two#part) [b](#here)`],
  ['[`[a]`](../../docs/start.md)', `[\`[a]\`](${address}/blob/HEAD/docs/start.md)`],
  ['[a](https://example.com)', '[a](https://example.com)'],
  ['```ts\n[a](b)\n```', '```ts\n[a](b)\n```'],
])('%s', (page, expected) => {
  expect(absoluteLinks(page, address, 'packages/one')).toBe(expected);
});

it.each([[{ repository: address }], [{ repository: { type: 'git', url: `git+${address}.git` } }]])(
  'reads the address from %j',
  (json) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify(json));
    expect(addressOf(folder)).toBe(address);
  },
);

it('completes every public package, and puts back what was there', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const open = workspaces(root).filter(({ private: hidden }) => !hidden);
  const files = open.map(({ folder: at, json }) => {
    mkdirSync(join(folder, at), { recursive: true });
    const file = join(folder, at, 'package.json');
    writeFileSync(file, JSON.stringify(json));
    writeFileSync(join(folder, at, 'README.md'), readFileSync(join(root, at, 'README.md')));
    return file;
  });
  const before = files.map((file) => readFileSync(file, 'utf8'));
  const putBack = fillIn(
    folder,
    address,
    open.map((workspace) => workspace.folder),
  );
  for (const file of files)
    expect(missingFields(JSON.parse(readFileSync(file, 'utf8')))).toEqual([]);
  for (const { folder: at } of open) {
    expect(readFileSync(join(root, at, 'README.md'), 'utf8')).toMatch(/^Not on npm yet: /m);
    expect(readFileSync(join(folder, at, 'README.md'), 'utf8')).not.toMatch(
      /\]\((?!https?:|#)|Not on npm/,
    );
  }
  putBack();
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(before);
});
