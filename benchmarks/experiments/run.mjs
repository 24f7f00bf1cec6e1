// @ts-check
// `npm run experiments [-- FLAGS]`: trains every cell that has no result yet, one process each, at low priority.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cells } from './cells.mjs';

const LONGEST_BENCHMARK_MS = 3_600_000;

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('.data', import.meta.url)) },
    out: { type: 'string', default: fileURLToPath(new URL('../results/runs', import.meta.url)) },
    worker: { type: 'string', default: fileURLToPath(new URL('worker.mjs', import.meta.url)) },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '1' },
    hours: { type: 'string', default: '40' },
    list: { type: 'boolean', default: false },
    verify: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log(`npm run experiments -- [--list | --verify] [--only REGEXP] [--hours 40] [--jobs 1] [--smoke]
  trains what has no result in --out ${flags.out} yet; stop it at any time, and it continues where it stopped.
  --only    cells whose id matches            --list   says which are done
  --verify  trains nothing; computes what is published from the predictions kept
  --hours   of this call; unfinished cells are dropped       --smoke  six epochs of a few rows of each method
  --data    what data/prepare.mjs wrote`);
  process.exit(0);
}

if (flags.verify) {
  const { status } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL('verify.mjs', import.meta.url))],
    {
      stdio: 'inherit',
    },
  );
  process.exit(status ?? 1);
}

setPriority(constants.priority.PRIORITY_LOW);
const wanted = smoked(cells()).filter(({ id }) => new RegExp(flags.only).test(id));
const isDone = ({ id }) => existsSync(join(flags.out, `${id}.json`));
if (flags.list) {
  for (const cell of wanted) console.log(`${isDone(cell) ? 'done' : '    '}  ${cell.id}`);
  process.exit(0);
}
mkdirSync(flags.out, { recursive: true });
const deadline = Date.now() + Number(flags.hours) * 3_600_000;
const waiting = wanted.filter((cell) => !isDone(cell));
console.log(`${wanted.length} cells, ${waiting.length} to train, ${flags.jobs} at a time`);
let failed = 0;
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
const watch = setInterval(pauseForBenchmarks, 2000);
await Promise.all(Array.from({ length: Number(flags.jobs) }, trainInTurn));
clearInterval(watch);
console.log(
  `${wanted.filter(isDone).length} of ${wanted.length} cells are done${failed > 0 ? `, ${failed} failed` : ''}`,
);
process.exitCode = failed > 0 ? 1 : 0;

async function trainInTurn() {
  for (
    let cell = waiting.shift();
    cell !== undefined && Date.now() < deadline;
    cell = waiting.shift()
  ) {
    const child = spawn(
      process.execPath,
      [flags.worker, JSON.stringify(cell), flags.data, flags.out],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    running.add(child);
    const late = setTimeout(() => child.kill('SIGKILL'), deadline - Date.now());
    const code = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(late);
    running.delete(child);
    if (code !== 0 && Date.now() < deadline) {
      failed += 1;
      console.error(`${cell.id}: exit code ${code}`);
    }
  }
}

/** A benchmark says that it runs by a file (see side-by-side.mjs); nothing trains beside it. */
function pauseForBenchmarks() {
  const busy = readdirSync(tmpdir()).some((name) => {
    const pid = /^snapshot-ensemble-benchmark-(\d+)$/.exec(name)?.[1];
    return pid !== undefined && isAlive(Number(pid)) && isRecent(join(tmpdir(), name));
  });
  for (const child of running) child.kill(busy ? 'SIGSTOP' : 'SIGCONT');
}

/** A benchmark that was killed leaves its file, and its number goes to another process: even to a thread of what trains. @param {string} file */
function isRecent(file) {
  const { mtimeMs = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return Date.now() - mtimeMs < LONGEST_BENCHMARK_MS;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** @param {import('./worker.mjs').Cell[]} all */
function smoked(all) {
  if (!flags.smoke) return all;
  return all
    .filter(
      ({ seed, task, settings }) =>
        seed === 0 && (task !== 'fashion-resnet20' || settings.method === 'snapshots'),
    )
    .map((cell) => ({ ...cell, epochs: 6, smoke: true }));
}
