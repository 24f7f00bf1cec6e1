import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import {
  memoryBundle,
  readBundle,
  writeBundle,
  type BundleSink,
} from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { afterEach, describe, expect, it } from 'vitest';
import {
  coreBudget,
  loadEnsemble,
  type Ensemble,
  type ExecutorKind,
  type LoadOptions,
  type Tensors,
} from './index.ts';
import { ensembleCases } from './testing/index.ts';
import { loadOrt } from './executor/load-ort.ts';

// As our own processes load it: where there is a Float16Array, onnxruntime-node cannot read half floats (onnxruntime issue 26791).
const ort = await loadOrt();

// Made with Python's onnx and NumPy: conformance/serving/make.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const tiny = new URL('tiny', golden);
const identity = new URL('identity', golden);
const expected = JSON.parse(
  await readFile(new URL('tiny.expected.json', golden), 'utf8'),
) as Record<string, unknown[]>;
const numbers = (name: string): number[] => expected[name]!.flat(9) as number[];
const flat = Object.fromEntries(Object.keys(expected).map((name) => [name, numbers(name)]));
const x = Float32Array.from(numbers('x'));

// float32 arithmetic against NumPy's float64.
const TOLERANCE = 2e-6;

function largestDifference(answer: Tensors): number {
  const differences = Object.entries(answer).flatMap(([name, { data }]) =>
    numbers(name).map((value, index) => Math.abs(value - Number(data[index]))),
  );
  return Math.max(...differences);
}

const opened: Ensemble[] = [];
async function load(bundle: Parameters<typeof loadEnsemble>[0], options?: LoadOptions) {
  const ensemble = await loadEnsemble(bundle, options);
  opened.push(ensemble);
  return ensemble;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((ensemble) => ensemble.close()));
});

/** Workers started while `act` runs. */
async function workersOf(act: () => Promise<unknown>): Promise<readonly Worker[]> {
  const workers: Worker[] = [];
  const seen = (worker: Worker): number => workers.push(worker);
  process.on('worker', seen);
  try {
    await act();
  } finally {
    process.off('worker', seen);
  }
  return workers;
}
const hasEnded = ({ threadId }: Worker): boolean => threadId === -1;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Change {
  readonly graph?: (bytes: Uint8Array) => Uint8Array;
  readonly manifest?: (text: string) => string;
}

/** The golden bundle with its graph or manifest changed, and sums that fit. */
async function forged(change: Change) {
  const memory = memoryBundle();
  await writeForged(memory, change);
  return memory;
}

async function writeForged(sink: BundleSink, change: Change): Promise<void> {
  const bundle = await readBundle(bundleDirectory(fileURLToPath(tiny)));
  const graph = change.graph?.(await bundle.readGraph()) ?? (await bundle.readGraph());
  const text = JSON.stringify(bundle.manifest);
  const manifest = JSON.parse(change.manifest?.(text) ?? text) as typeof bundle.manifest;
  await writeBundle(sink, { manifest, files: { [manifest.graph!]: graph } });
}

/** An initializer's name is followed by a tag, a length and its little-endian floats: the third byte of the first. */
function changeWeight(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes).lastIndexOf('w0') + 6;
  bytes[at]! ^= 0x40;
  return bytes;
}

const executors: readonly (readonly [string, ExecutorKind])[] = [
  ['processes', 'process'],
  ['threads', 'thread'],
  ['this thread', { ort }],
];

describe.each(executors)('an ensemble in %s', (_, executor) => {
  it.each(ensembleCases({ tiny, identity, expected: flat, tolerance: TOLERANCE }))(
    '$name',
    async (behaviour) => {
      await behaviour.run((bundle, options) => load(bundle, { executor, ...options }));
    },
  );
});

describe('loadEnsemble', () => {
  it('takes a path, and says what it runs with', async () => {
    const ensemble = await load(fileURLToPath(tiny), { mode: 'throughput', cores: coreBudget(3) });
    expect(ensemble.settings).toMatchObject({ workers: 3, threads: 1 });
    expect(ensemble.device).toEqual({ requested: 'cpu', used: 'cpu', reason: 'asked for' });
  });

  it('falls back to the CPU where CUDA does not open, and says so', async () => {
    const ensemble = await load(tiny, { device: 'auto' });
    expect(ensemble.device.requested).toBe('auto');
    if (ensemble.device.used === 'cpu') expect(ensemble.device.reason).toMatch(/^no CUDA session/);
  });

  it('is disposed of at the end of its block', async () => {
    let pid: number;
    {
      await using ensemble = await loadEnsemble(tiny, { processes: 'own' });
      pid = ensemble.stats().workers[0]!.pid!;
      expect(isAlive(pid)).toBe(true);
    }
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a bundle that is not what it says', () => {
  it('is noticed when one weight differs', async () => {
    const memory = await forged({ graph: changeWeight });
    const ensemble = await load(memory);
    expect(largestDifference((await ensemble.predict(x)).outputs)).toBeGreaterThan(TOLERANCE);
  });

  it('is refused when a byte was flipped after the export', async () => {
    const memory = await forged({});
    memory.files.get('ensemble.onnx')![100]! ^= 1;
    await expect(loadEnsemble(memory)).rejects.toMatchObject({ code: 'wrong-checksum' });
  });

  it.each<[string, Change, string]>([
    ['no graph at all', { graph: () => new Uint8Array([1, 2, 3]) }, 'protobuf parsing failed'],
    [
      'another dtype',
      { manifest: (t) => t.replace('"dtype":"float32"', '"dtype":"int32"') },
      'input "x" is int32',
    ],
    [
      'other sides',
      { manifest: (t) => t.replace('[null,4]', '[null,5]') },
      'float32 [N, 4] in the graph',
    ],
    [
      'an output it lacks',
      { manifest: (t) => t.replace('"probs.expected_entropy"', '"probs.spread"') },
      'its graph has no output "probs.spread"',
    ],
  ])('is refused with %s', async (_, change, text) => {
    const memory = await forged(change);
    const workers = await workersOf(async () => {
      const loading = loadEnsemble(memory, { executor: 'thread' });
      await expect(loading).rejects.toMatchObject({ code: 'wrong-graph' });
      await expect(loading).rejects.toThrow(text);
    });
    expect(workers.map(hasEnded)).toEqual([true]);
  });

  it('is refused when it is not there', async () => {
    await expect(loadEnsemble(new URL('nowhere', golden))).rejects.toMatchObject({
      name: 'BundleError',
      code: 'missing-file',
    });
  });
});

describe('processes', () => {
  const pidsOf = (ensemble: Ensemble): readonly number[] =>
    ensemble.stats().workers.flatMap(({ pid }) => pid ?? []);

  it('are replaced when they are killed, and every request is answered', async () => {
    const ensemble = await load(tiny, { workers: 2, threads: 1, processes: 'own' });
    let restarts = 0;
    for (let round = 0; round < 3; round++) {
      const answers = Array.from({ length: 50 }, () => ensemble.predict(x));
      for (const pid of pidsOf(ensemble)) process.kill(pid, 'SIGKILL');
      restarts = ensemble.stats().restarts;
      const outcomes = await Promise.allSettled(answers);
      for (const outcome of outcomes)
        if (outcome.status === 'fulfilled')
          expect(largestDifference(outcome.value.outputs)).toBeLessThan(TOLERANCE);
        else expect(outcome.reason).toMatchObject({ code: 'worker-crashed' });
      expect(largestDifference((await ensemble.predict(x)).outputs)).toBeLessThan(TOLERANCE);
    }
    expect(restarts).toBeGreaterThan(1);
  });

  it('step back for others as far as they are told to', async () => {
    const [plain, nice] = [await load(tiny), await load(tiny, { niceness: 3 })];
    const [plainPid, nicePid] = [plain, nice].map((ensemble) => pidsOf(ensemble)[0]!);
    expect(getPriority(plainPid)).toBe(getPriority());
    expect(getPriority(nicePid)).toBe(Math.min(19, getPriority() + 3));
  });

  it('are sent batches of many megabytes piece by piece', async () => {
    const rows = 100_000;
    const ensemble = await load(identity, { batching: { maxRows: rows } });
    const arrays = {
      float32: new Float32Array(2 * rows).map((_, index) => index),
      float16: new Uint16Array(2 * rows).map((_, index) => index % 1000),
      int32: new Int32Array(2 * rows).map((_, index) => -index),
      int64: BigInt64Array.from({ length: 2 * rows }, (_, index) => BigInt(index)),
      uint8: new Uint8Array(2 * rows).map((_, index) => index),
      bool: new Uint8Array(2 * rows).map((_, index) => index % 2),
    };
    const inputs = Object.entries(arrays).map(
      ([dtype, data]) => [`${dtype}_in`, { data, dims: [rows, 2] }] as const,
    );
    const { outputs } = await ensemble.predict(Object.fromEntries(inputs));
    for (const [dtype, { buffer }] of Object.entries(arrays))
      expect(
        Buffer.compare(Buffer.from(outputs[`${dtype}_out`]!.data.buffer), Buffer.from(buffer)),
      ).toBe(0);
  });

  it('hold twenty small ensembles in one, and a kill spares none of their answers', async () => {
    const cores = coreBudget(1);
    const ensembles = await Promise.all(Array.from({ length: 20 }, () => load(tiny, { cores })));
    const pids = new Set(ensembles.flatMap(pidsOf));
    expect(pids.size).toBe(1);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    for (const { outputs } of await Promise.all(ensembles.map((ensemble) => ensemble.predict(x))))
      expect(largestDifference(outputs)).toBeLessThan(TOLERANCE);
    expect(new Set(ensembles.flatMap(pidsOf)).size).toBe(1);
  });

  it('are killed when a run does not end', async () => {
    const ensemble = await load(tiny, { processes: 'own', watchdogMs: 4000 });
    process.kill(pidsOf(ensemble)[0]!, 'SIGSTOP');
    expect(largestDifference((await ensemble.predict(x)).outputs)).toBeLessThan(TOLERANCE);
    expect(ensemble.stats().restarts).toBe(1);
  });

  it('stay with the revision that was loaded, whatever is exported after it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runtime-'));
    await writeForged(bundleDirectory(folder), {});
    const ensemble = await load(folder, { processes: 'own' });
    await writeForged(bundleDirectory(folder), { graph: changeWeight });
    process.kill(pidsOf(ensemble)[0]!, 'SIGKILL');
    expect(largestDifference((await ensemble.predict(x)).outputs)).toBeLessThan(TOLERANCE);
    const next = await load(folder);
    expect(largestDifference((await next.predict(x)).outputs)).toBeGreaterThan(TOLERANCE);
    expect(next.revision).not.toBe(ensemble.revision);
    await rm(folder, { recursive: true });
  });

  it('run nothing but what the bundle was when it was loaded', async () => {
    const memory = await forged({});
    const ensemble = await load(memory, { processes: 'own' });
    memory.files.get('ensemble.onnx')![100]! ^= 1;
    process.kill(pidsOf(ensemble)[0]!, 'SIGKILL');
    await expect(ensemble.predict(x)).rejects.toMatchObject({ code: 'unavailable' });
    memory.files.get('ensemble.onnx')![100]! ^= 1;
    await expect.poll(() => ensemble.stats().workers[0]!.state, { timeout: 60_000 }).toBe('ready');
    expect(largestDifference((await ensemble.predict(x)).outputs)).toBeLessThan(TOLERANCE);
  });

  it('end with the process that started them, however it ends', async () => {
    const script = `
      const { loadEnsemble } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
      const ensemble = await loadEnsemble(new URL(${JSON.stringify(tiny.href)}));
      process.kill(ensemble.stats().workers[0].pid, 'SIGKILL');
      await ensemble.predict(new Float32Array(4));
      console.log(ensemble.stats().workers[0].pid);
      if (process.argv[1] === 'wait') setInterval(() => undefined, 1000);`;
    for (const [argument, isKilled] of [
      ['end', false],
      ['wait', true],
    ] as const) {
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script, argument], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [text] = (await once(parent.stdout, 'data')) as [Buffer];
      if (isKilled) parent.kill('SIGKILL');
      await once(parent, 'exit');
      await expect.poll(() => isAlive(Number(text)), { timeout: 60_000 }).toBe(false);
    }
  });
});

describe('the built package', () => {
  it('finds its worker', async () => {
    const built = (await import(new URL('../dist/index.js', import.meta.url).href)) as {
      readonly loadEnsemble: typeof loadEnsemble;
    };
    const ensemble = await built.loadEnsemble(tiny);
    expect(largestDifference((await ensemble.predict(x)).outputs)).toBeLessThan(TOLERANCE);
    await ensemble.close();
  });
});
