// @ts-check
// `npm run demo [-- FLAGS]`: builds what the demo needs, quietly, and the command line for what it leaves, and runs it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = fileURLToPath(new URL('../examples/demo/dist/main.js', import.meta.url));

const build = spawnSync(
  'npx',
  [
    ...['nx', 'run-many', '-t', 'build', '-p', '@snapshot-ensemble/demo,snapshot-ensemble'],
    ...['--outputStyle', 'static'],
  ],
  {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
    shell: process.platform === 'win32',
  },
);
if (build.status !== 0) {
  console.error(`${build.stdout}${build.stderr}\nThe build failed; its messages are above.`);
  process.exit(1);
}
// Ctrl-C reaches the demo itself, which ends in its own way; wait for it.
process.on('SIGINT', () => undefined);
const run = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(run.status ?? 130);
