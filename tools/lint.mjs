// @ts-check
// `npm run lint`: ESLint over all workspaces and the repo's own files. The packages' types stand on each other's, so that
// one process for many of them reads each file once; as many processes as there are processors share the work.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Files without types, which cost little. */
const plain = ['tools/*.mjs', 'conformance', 'docs/.vitepress', '*.mjs'];
/** A process keeps the types of all its packages: about 1.5 GiB for half of them. */
const memory = '--max-old-space-size=6144';

/**
 * Deals folders to groups of about the same size: the largest first, each to the group that has least.
 *
 * @param {readonly { folder: string, bytes: number }[]} folders
 * @param {number} count
 * @returns {string[][]}
 */
export function share(folders, count) {
  const groups = Array.from({ length: count }, () => ({
    bytes: 0,
    folders: /** @type {string[]} */ ([]),
  }));
  for (const { folder, bytes } of folders.toSorted((a, b) => b.bytes - a.bytes)) {
    const least = groups.reduce((a, b) => (b.bytes < a.bytes ? b : a));
    least.folders.push(folder);
    least.bytes += bytes;
  }
  return groups.map((group) => group.folders).filter((group) => group.length > 0);
}

/** @param {string} folder */
function bytesOfSources(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ts$/.test(file) && !/(^|\/)(dist|node_modules)\//.test(file))
    .reduce((sum, file) => sum + statSync(join(root, folder, file)).size, 0);
}

/** @param {readonly string[]} paths */
async function lint(paths) {
  const eslint = join(root, 'node_modules/eslint/bin/eslint.js');
  const child = spawn(process.execPath, [memory, eslint, ...paths], {
    cwd: root,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  return code;
}

/** The boundary rule reads the graph of the packages from nx's cache, and is skipped where there is none. */
export function makeGraph() {
  const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' };
  const shell = process.platform === 'win32';
  const run = spawnSync('npx', ['nx', 'show', 'projects'], { cwd: root, env, shell });
  if (run.status !== 0) throw new Error(`nx show projects failed: ${run.stderr.toString()}`);
}

async function main() {
  makeGraph();
  const folders = workspaces(root).map(({ folder }) => ({ folder, bytes: bytesOfSources(folder) }));
  const groups = share(folders, Math.min(4, availableParallelism()));
  groups.at(-1)?.push(...plain);
  const codes = await Promise.all(groups.map(lint));
  process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
