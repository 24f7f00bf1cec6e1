// @ts-check
// Judges written by others. `npm run conformance [quick | long] [GROUP …]`; a group with a file `long-only` has no quick tier.
// A group with a check.py gets a Python of its own; one with a check.mjs needs a machine of its own, and runs only when it is named.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
/** @param {string} script */
const having = (script) => folders.filter((name) => existsSync(join(here, name, script)));
const everywhere = having('check.py');
const groups = [...everywhere, ...having('check.mjs')].sort();

const words = process.argv.slice(2);
const tier = words[0] === 'long' || words[0] === 'quick' ? words.shift() : 'quick';
const unknown = words.filter((word) => !groups.includes(word));
if (unknown.length > 0)
  fail(
    `there is no group "${unknown.join('", "')}". Allowed: [quick | long] then any of ${groups.join(', ')}.`,
  );

const isLongOnly = (group) => existsSync(join(here, group, 'long-only'));
const refused = tier === 'quick' ? words.filter(isLongOnly) : [];
if (refused.length > 0)
  fail(`${refused.join(', ')} has a long tier only: npm run conformance long ${refused.join(' ')}`);
const chosen =
  words.length > 0 ? words : everywhere.filter((group) => tier === 'long' || !isLongOnly(group));

let passed = 0;
let failed = 0;
for (const group of chosen) {
  console.log(`\n# conformance ${group} (${tier})`);
  const isPython = everywhere.includes(group);
  const program = isPython ? venv(group) : process.execPath;
  const run = spawnSync(program, [isPython ? 'check.py' : 'check.mjs', String(tier)], {
    cwd: join(here, group),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(run.stdout);
  const counts = /(\d+) passed, (\d+) failed\s*$/.exec(run.stdout);
  const green = run.status === 0 && counts !== null && Number(counts[1]) > 0;
  passed += Number(counts?.[1] ?? 0);
  failed += Number(counts?.[2] ?? 0) || (green ? 0 : 1);
  if (!green) console.error(`conformance ${group} failed (exit code ${run.status ?? run.signal})`);
}
console.log(`\nconformance: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/**
 * Python of the group's own virtual environment, made anew when its requirements change.
 * @param {string} group
 */
function venv(group) {
  const folder = join(here, `.venv-${group}`);
  // What stands in requirements-alone.txt comes without its dependencies.
  const lists = [
    'apt.txt',
    'requirements.txt',
    'requirements-alone.txt',
    tier === 'long' ? 'requirements-long.txt' : '',
  ]
    .filter((name) => name !== '' && existsSync(join(here, group, name)))
    .map((name) => join(here, group, name));
  const aptList = lists.find((name) => name.endsWith('apt.txt'));
  // Debian's Python packages are seen by Debian's Python only.
  const base = aptList === undefined ? 'python3' : '/usr/bin/python3';
  if (aptList !== undefined)
    requireDebian(readFileSync(aptList, 'utf8').split(/\s+/).filter(Boolean));
  const stamp = createHash('sha256')
    .update(lists.map((name) => readFileSync(name, 'utf8')).join('\0') + base)
    .digest('hex');
  const stampFile = join(folder, '.requirements.sha256');
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    rmSync(folder, { recursive: true, force: true });
    must(base, [
      '-m',
      'venv',
      ...(aptList === undefined ? [] : ['--system-site-packages']),
      folder,
    ]);
    const alone = lists.filter((name) => name.endsWith('requirements-alone.txt'));
    const files = lists.filter((name) => name !== aptList && !alone.includes(name));
    const install = ['install', '--quiet', '--disable-pip-version-check'];
    const listed = (names) => names.flatMap((name) => ['-r', name]);
    if (files.length > 0) must(join(folder, 'bin/pip'), [...install, ...listed(files)]);
    if (alone.length > 0)
      must(join(folder, 'bin/pip'), [...install, '--no-deps', ...listed(alone)]);
    writeFileSync(stampFile, stamp);
  }
  return join(folder, 'bin/python');
}

/** @param {readonly string[]} packages */
function requireDebian(packages) {
  const missing = packages.filter(
    (name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0,
  );
  if (missing.length > 0)
    fail(`Debian packages are missing. Install them: apt-get install ${missing.join(' ')}`);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function must(command, args) {
  const run = spawnSync(command, args, { stdio: 'inherit' });
  if (run.error !== undefined)
    fail(`cannot run ${command} (${run.error.message}). Conformance needs Python 3.11 with venv.`);
  if (run.status !== 0) fail(`${command} ${args.join(' ')} ended with exit code ${run.status}`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`conformance: ${message}`);
  process.exit(1);
}
