// @ts-check
import { createRequire } from 'node:module';
import { rmSync, writeFileSync } from 'node:fs';
import { cpus, arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => unknown | Promise<unknown>} run One measured unit of work; a number it returns is taken as its own time in milliseconds.
 *
 * @typedef {object} Options
 * @property {string} title
 * @property {readonly Contender[]} contenders The first is the one the ratios are about.
 * @property {number} [rounds] Counted rounds; every contender runs once in each. Default 9.
 * @property {number} [warmup] Rounds that are not counted. Default 1.
 * @property {number} [threads] What the contenders may use; printed, not enforced.
 * @property {readonly string[]} [packages] npm packages whose versions are printed.
 *
 * @typedef {{ name: string, median: number, ratio: number, low: number, high: number }} Row
 */

/**
 * Runs contenders interleaved (A B A B …, the order turned round every other round, so that drift of a shared machine hits all alike),
 * prints a table of medians and of ratios to the first contender, and returns its rows. A ratio is the median of
 * the rounds' own ratios; its interval is the bootstrap 95 % interval of that median.
 *
 * @param {Options} options
 * @returns {Promise<Row[]>}
 */
export async function sideBySide({
  title,
  contenders,
  rounds = 9,
  warmup = 1,
  threads,
  packages = [],
}) {
  /** @type {number[][]} */
  const times = contenders.map(() => []);
  holdExperiments();
  for (let round = -warmup; round < rounds; round++) {
    const order = contenders.map((_, index) => index);
    if (round % 2 !== 0) order.reverse();
    for (const index of order) {
      const elapsed = await time(contenders[index].run);
      if (round >= 0) times[index].push(elapsed);
    }
  }
  const rows = contenders.map(({ name }, index) => {
    const ratios = times[index].map((value, round) => value / times[0][round]);
    const [low, high] = bootstrapMedian(ratios);
    return { name, median: median(times[index]), ratio: median(ratios), low, high };
  });
  print(title, rows, { rounds, threads, packages });
  return rows;
}

/** Until this process ends, `npm run experiments` on this machine waits: it looks for files of this name. */
function holdExperiments() {
  const file = join(tmpdir(), `snapshot-ensemble-benchmark-${process.pid}`);
  writeFileSync(file, '');
  process.once('exit', () => rmSync(file, { force: true }));
}

/** @param {Contender['run']} run */
async function time(run) {
  const start = performance.now();
  const own = await run();
  return typeof own === 'number' ? own : performance.now() - start;
}

/**
 * The same work as a contender that tells its processor time, in all threads of this process, instead of how long it took: other programs
 * on the machine change that little. Short work is best done several times.
 *
 * @param {Contender['run']} run
 * @param {number} [times]
 */
export function processorTime(run, times = 1) {
  return async () => {
    const before = process.cpuUsage();
    for (let time = 0; time < times; time++) await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / times;
  };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {readonly number[]} values
 * @returns {[number, number]} 95 % percentile interval of the median, from 2,000 seeded resamples
 */
function bootstrapMedian(values) {
  let state = 1;
  // A linear congruential generator (Numerical Recipes constants): enough to pick rows, and the same every time.
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const medians = Array.from({ length: 2000 }, () =>
    median(values.map(() => values[Math.floor(next() * values.length)])),
  ).sort((a, b) => a - b);
  return [medians[50], medians[1949]];
}

/**
 * @param {string} title
 * @param {readonly Row[]} rows
 * @param {{ rounds: number, threads: number | undefined, packages: readonly string[] }} context
 */
function print(title, rows, { rounds, threads, packages }) {
  const require = createRequire(import.meta.url);
  const versions = packages.map((name) => `${name} ${require(`${name}/package.json`).version}`);
  const machine = `${cpus().length} × ${cpus()[0].model.trim()}, ${platform()} ${arch()}`;
  console.log(`\n## ${title}\n`);
  console.log(
    [
      `Node ${process.version}`,
      ...versions,
      machine,
      threads && `${threads} thread(s)`,
      `${rounds} interleaved rounds`,
    ]
      .filter(Boolean)
      .join('; '),
  );
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`\n| ${'contender'.padEnd(width)} | median ms | ratio | 95 % interval |`);
  console.log(`|${'-'.repeat(width + 2)}|----------:|------:|--------------:|`);
  for (const { name, median: ms, ratio, low, high } of rows)
    console.log(
      `| ${name.padEnd(width)} | ${ms.toPrecision(4).padStart(9)} | ${ratio.toPrecision(3).padStart(5)} | ${`${low.toPrecision(3)}–${high.toPrecision(3)}`.padStart(13)} |`,
    );
}
