// @ts-check
// `node tools/api-report.mjs [--check]`: writes the public surface of each package into its api.txt, or with `--check` fails
// where the committed report is not what the code exports. A change of the surface so shows in review.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportOf } from './api-surface.mjs';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
let passed = 0;
let failed = 0;

for (const { folder, json, private: hidden } of workspaces(root)) {
  if (hidden) continue;
  const report = reportOf(join(root, folder), json);
  if (report === undefined) continue;
  const file = join(root, folder, 'api.txt');
  const committed = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (!check) writeFileSync(file, report);
  if (!check || committed === report) {
    passed += 1;
    continue;
  }
  failed += 1;
  console.error(
    `FAILED ${folder}/api.txt is not what the code exports. If the change is meant, run: npm run api\n${changed(committed, report)}`,
  );
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * Lines that only one of two texts has.
 *
 * @param {string} before
 * @param {string} after
 */
function changed(before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
