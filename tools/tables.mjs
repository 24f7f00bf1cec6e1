// @ts-check
// `node tools/tables.mjs [--check]`: writes what the repo generates (a package's `tables` script, the README's picture), or with
// `--check` fails where the committed file is not what the code would write.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schedulePicture } from './schedule-picture.mjs';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
let passed = 0;
let failed = 0;

for (const { folder, name, scripts } of workspaces(root)) {
  if (!('tables' in scripts)) continue;
  const run = spawnSync(
    'npm',
    ['run', '--silent', 'tables', '--workspace', folder, ...(check ? ['--', '--check'] : [])],
    { cwd: root, stdio: 'inherit' },
  );
  count(run.status === 0, `${name}: its tables`);
}

const picture = join(root, 'docs/schedule.svg');
const svg = await schedulePicture();
if (!check) writeFileSync(picture, svg);
count(readFileSync(picture, 'utf8') === svg, 'docs/schedule.svg');

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * @param {boolean} good
 * @param {string} what
 */
function count(good, what) {
  if (good) passed += 1;
  else {
    failed += 1;
    console.error(`${what} differ from what the code writes. Run: npm run tables`);
  }
}
