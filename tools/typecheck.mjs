// @ts-check
// `npm run typecheck`: one TypeScript compiler over all workspaces, sources and tests. It reads each file and each library
// once, and does no more than what a build left.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const folders = workspaces(root)
  .map(({ folder }) => folder)
  .filter((folder) => existsSync(join(root, folder, 'tsconfig.json')));

const { status } = spawnSync(process.execPath, [tsc, '-b', ...folders], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
