// @ts-check
// Installs the locked dependencies if they are missing. Runs before `npm test` and `npm run demo`, with Node's own modules only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FLOOR = [20, 19];

/**
 * @param {string} version As `process.version` has it.
 * @returns {string | undefined} What is wrong with it.
 */
export function nodeComplaint(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const old = major < FLOOR[0] || (major === FLOOR[0] && minor < FLOOR[1]);
  return old
    ? `Node ${version} is too old: Node ${FLOOR.join('.')} or newer is needed. See https://nodejs.org.`
    : undefined;
}

/**
 * The locked packages that are missing from `node_modules`, or there in another version. Compares the lockfile with
 * the record that npm leaves in `node_modules`, so it does not matter how the install was made.
 *
 * @param {{ packages: Record<string, { version?: string, link?: boolean, optional?: boolean, peer?: boolean }> }} locked
 * @param {{ packages: Record<string, { version?: string }> } | undefined} installed
 * @returns {string[]}
 */
export function missingPackages(locked, installed) {
  return Object.entries(locked.packages)
    .filter(
      ([path, { version, link, optional }]) =>
        path.includes('node_modules/') &&
        link !== true &&
        optional !== true &&
        installed?.packages[path]?.version !== version,
    )
    .map(([path]) => path);
}

/**
 * The environment of `npm ci`. onnxruntime-node's install script would download CUDA libraries, and fail where it cannot;
 * an npm that does not know `allowScripts` runs it.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function installEnvironment(env) {
  return { ONNXRUNTIME_NODE_INSTALL: 'skip', ...env };
}

/** @param {string} file */
function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function main() {
  const complaint = nodeComplaint(process.version);
  if (complaint !== undefined) {
    console.error(complaint);
    process.exit(1);
  }
  const locked = readJson(join(root, 'package-lock.json'));
  const missing = missingPackages(locked, readJson(join(root, 'node_modules/.package-lock.json')));
  if (missing.length === 0) return;
  console.log(`Installing ${missing.length} locked packages (npm ci) …`);
  // npm tells its scripts where it lives; so the npm that was typed is the npm that installs.
  const npm = process.env.npm_execpath;
  const env = installEnvironment(process.env);
  const run = npm
    ? spawnSync(process.execPath, [npm, 'ci'], { cwd: root, stdio: 'inherit', env })
    : spawnSync('npm', ['ci'], {
        cwd: root,
        stdio: 'inherit',
        env,
        shell: process.platform === 'win32',
      });
  if (run.status !== 0) {
    console.error('npm ci failed; its message is above. Nothing was run.');
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
