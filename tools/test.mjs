// @ts-check
// `npm test [-- --node 22,24]`: every package's tests, then the repo's own. With `--node`, only the packages' unit
// tests, on other versions of Node, which the npm package `node` brings.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = 'node_modules/vitest/vitest.mjs';

const words = process.argv.slice(2);
if (words.length === 0) {
  run('npx', ['nx', 'run-many', '-t', 'test', '--outputStyle', 'static']);
  run(process.execPath, [vitest, 'run', '--config', 'tools/vitest.config.mjs']);
} else if (words.length === 2 && words[0] === '--node' && /^\d+(,\d+)*$/.test(words[1])) {
  for (const major of words[1].split(',')) testOn(Number(major));
} else {
  console.error(
    `npm test takes no "${words.join(' ')}". Allowed: nothing, or --node MAJOR[,MAJOR …].`,
  );
  process.exit(1);
}

/** @param {number} major */
function testOn(major) {
  console.log(`\n# Node ${major}`);
  // The version of Node is part of nx's cache key.
  // The examples spend minutes in trainings, which are the same code on every Node.
  const tests = 'nx run-many -t test --exclude "examples/*" --outputStyle static';
  run('npx', ['--yes', '-p', `node@${major}`, '-c', tests]);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
