import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { loadEnsemble, type Ensemble } from '../src/index.ts';

// Made with Python's onnx and NumPy: conformance/serving/make_cascade.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const expected = JSON.parse(
  await readFile(new URL('cascade.expected.json', golden), 'utf8'),
) as Record<string, unknown[]>;
const numbers = (name: string): number[] => expected[name]!.flat(9) as number[];
const x = Float32Array.from(numbers('x'));
const probs = numbers('probs');
const used = numbers('members_used');
const ROWS = used.length;

const TOLERANCE = 1e-6;
const isLong = process.env['TIER'] === 'long';
const SECONDS = 1800;
/** What the short run waits for, however slow the machine is. */
const ENOUGH = { answered: 150, kills: 5 };
const CLIENTS = 6;
/** Memory settles before growth is counted: caches, and processes that were started again. */
const SETTLED = 1 / 3;
const ALLOWED_GROWTH = 1.1;
const MIB = 2 ** 20;

/** Numbers that a seed decides. */
function lottery(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Rows from a place on, going round. */
function request(start: number, rows: number): Float32Array {
  return Float32Array.from({ length: 4 * rows }, (_, at) => x[(4 * start + at) % x.length]!);
}

interface Tally {
  answered: number;
  crashed: number;
  kills: number;
  readonly wrong: string[];
}

/** Asks again and again for mixed sizes, some of them larger than a batch, and compares every answer. */
async function ask(ensemble: Ensemble, tally: Tally, seed: number, isOver: () => boolean) {
  const pick = lottery(seed);
  while (!isOver()) {
    const rows = [1, 1, 2, 7, 40, 150][pick(6)]!;
    const start = pick(ROWS);
    try {
      const { outputs, membersUsed } = await ensemble.predict(request(start, rows), {
        outputs: ['probs'],
      });
      tally.answered++;
      const { data } = outputs['probs']!;
      for (let row = 0; row < rows; row++) {
        const from = (start + row) % ROWS;
        const isRight = [0, 1, 2].every(
          (index) =>
            Math.abs(Number(data[3 * row + index]) - probs[3 * from + index]!) <= TOLERANCE,
        );
        if (!isRight || membersUsed[row] !== used[from])
          tally.wrong.push(`row ${row} of ${rows} from ${start}`);
      }
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'worker-crashed')
        tally.wrong.push(String(error));
      tally.crashed++;
    }
  }
}

async function kill(ensemble: Ensemble, tally: Tally, isOver: () => boolean) {
  const pick = lottery(7);
  while (!isOver()) {
    await wait(isLong ? 1000 + pick(4000) : 300 + pick(500));
    const { workers } = ensemble.stats();
    const pid = workers[pick(workers.length)]?.pid;
    if (pid === undefined) continue;
    process.kill(pid, 'SIGKILL');
    tally.kills++;
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** MiB that are in use here. Not the resident size: the collector gives pages back when it likes, and a kernel takes idle ones away. */
function ownMemory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
}

/** MiB of a process; 0 where it has just ended. */
function memoryOf(pid: number): number {
  try {
    // A process that was killed and not yet waited for has no memory.
    return (
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    );
  } catch {
    return 0;
  }
}

it('answers every request rightly for a while, whatever is killed, and does not grow', async () => {
  await using ensemble = await loadEnsemble(new URL('separate', golden), {
    workers: 2,
    threads: 1,
    processes: 'own',
  });
  const tally: Tally = { answered: 0, crashed: 0, kills: 0, wrong: [] };
  const end = performance.now() + SECONDS * 1000;
  const isOver = (): boolean =>
    isLong
      ? performance.now() >= end
      : tally.answered >= ENOUGH.answered && tally.kills >= ENOUGH.kills;
  const memory: { at: number; own: number; children: number }[] = [];
  const watch = async (): Promise<void> => {
    while (!isOver()) {
      await wait(isLong ? 5000 : 200);
      const children = ensemble.stats().workers.map(({ pid }) => (pid ? memoryOf(pid) : 0));
      memory.push({
        at: performance.now(),
        own: ownMemory(),
        children: Math.max(...children),
      });
    }
  };
  await Promise.all([
    watch(),
    kill(ensemble, tally, isOver),
    ...Array.from({ length: CLIENTS }, (_, index) => ask(ensemble, tally, index + 1, isOver)),
  ]);
  expect(tally.wrong).toEqual([]);
  // Two workers hold a batch each; each of its requests was given a second try.
  expect(tally.crashed).toBeLessThanOrEqual(tally.kills * CLIENTS);
  expect(ensemble.stats()).toMatchObject({ pendingRequests: 0, queuedRows: 0, heldBytes: 0 });
  if (!isLong) return;
  const settled = memory.filter(({ at }) => at > end - SECONDS * 1000 * (1 - SETTLED));
  const half = settled.length >> 1;
  const largest = (part: 'own' | 'children', from: number, to: number): number =>
    Math.max(...settled.slice(from, to).map((one) => one[part]));
  const { answered, crashed, kills } = tally;
  process.stdout.write(`${kills} kills, ${answered} answered, ${crashed} crashed\n`);
  for (const part of ['own', 'children'] as const) {
    const [before, after] = [largest(part, 0, half), largest(part, half, settled.length)];
    process.stdout.write(`${part}: ${before.toFixed(1)} MiB, then ${after.toFixed(1)} MiB\n`);
    expect(after, `${part}: ${before} MiB, then ${after} MiB`).toBeLessThan(
      before * ALLOWED_GROWTH,
    );
  }
}, 3_600_000);
