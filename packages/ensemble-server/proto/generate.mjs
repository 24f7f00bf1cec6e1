// @ts-check
// Writes src/grpc/generated/ from the .proto files beside it: `node proto/generate.mjs` in this package's folder, after
// `npm install --no-save @bufbuild/buf@1.75.0 @bufbuild/protoc-gen-es@2.17.0` in the folder that BUF names (default: a new temporary one).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = join(here, '../src/grpc/generated');
const tools = process.env['BUF'] ?? install();

const template = {
  version: 'v2',
  plugins: [
    {
      local: join(tools, 'node_modules/.bin/protoc-gen-es'),
      out,
      opt: ['target=ts', 'import_extension=ts'],
    },
  ],
};
rmSync(out, { recursive: true, force: true });
execFileSync(
  join(tools, 'node_modules/.bin/buf'),
  ['generate', '--template', JSON.stringify(template)],
  { cwd: here, stdio: 'inherit' },
);
for (const name of readdirSync(out)) {
  const file = join(out, name);
  writeFileSync(file, withoutEnums(readFileSync(file, 'utf8')));
}

/**
 * TypeScript that Node could run by erasing the types: a table in place of each enum.
 *
 * @param {string} text
 */
function withoutEnums(text) {
  return text.replaceAll(/export enum (\w+) \{([^}]*)\}/g, (_, name, body) => {
    const table = body.replaceAll(/^(\s+\w+) = (\d+)/gm, '$1: $2');
    return `export const ${name} = {${table}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`;
  });
}

function install() {
  const folder = mkdtempSync(join(tmpdir(), 'buf-'));
  execFileSync(
    'npm',
    ['install', '--prefix', folder, '@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.17.0'],
    { stdio: 'inherit' },
  );
  return folder;
}
