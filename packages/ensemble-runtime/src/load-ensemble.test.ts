import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { memoryBundle, readBundle, writeBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { afterEach, describe, expect, it } from 'vitest';
import { loadEnsemble, type Ensemble, type LoadOptions, type Tensors } from './index.ts';

// Made with Python's onnx and NumPy: conformance/serving/make.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const tiny = new URL('tiny', golden);
const expected = JSON.parse(
  await readFile(new URL('tiny.expected.json', golden), 'utf8'),
) as Record<string, unknown[]>;
const numbers = (name: string): number[] => expected[name]!.flat(9) as number[];
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

describe('loadEnsemble', () => {
  it('answers what NumPy computed, with its uncertainty', async () => {
    const ensemble = await load(tiny);
    const { outputs: answer } = await ensemble.predict(x);
    expect(Object.fromEntries(Object.entries(answer).map(([name, { dims }]) => [name, dims])))
      .toMatchInlineSnapshot(`
      {
        "probs": [
          5,
          3,
        ],
        "probs_expected_entropy": [
          5,
          1,
        ],
        "probs_mutual_information": [
          5,
          1,
        ],
        "probs_predictive_entropy": [
          5,
          1,
        ],
      }
    `);
    expect(largestDifference(answer)).toBeLessThan(TOLERANCE);
    expect(ensemble.device).toEqual({ requested: 'cpu', used: 'cpu', reason: 'asked for' });
  });

  it('answers by name, from a path, the outputs asked for', async () => {
    const ensemble = await load(fileURLToPath(tiny));
    const { outputs: answer } = await ensemble.predict(
      { x: { data: x, dims: [5, 4] } },
      { outputs: ['probs_mutual_information'] },
    );
    expect(Object.keys(answer)).toEqual(['probs_mutual_information']);
    expect(largestDifference(answer)).toBeLessThan(TOLERANCE);
    expect(x.length).toBe(20);
  });

  it('gives each member its say', async () => {
    const ensemble = await load(tiny);
    const { probs } = await ensemble.predictMembers(x);
    expect(probs!.dims).toEqual([5, 2, 3]);
    expect(largestDifference({ probs_members: probs! })).toBeLessThan(TOLERANCE);
  });

  it('gives the same answer however rows are batched', async () => {
    const ensemble = await load(tiny, { maxBatchRows: 2, workers: 2 });
    const whole = await ensemble.predict(x);
    const rows = await Promise.all(
      Array.from({ length: 5 }, (_, row) => ensemble.predict(x.slice(4 * row, 4 * row + 4))),
    );
    expect(rows.flatMap(({ outputs }) => Array.from(outputs['probs']!.data))).toEqual(
      Array.from(whole.outputs['probs']!.data),
    );
    expect(ensemble.stats()).toMatchObject({ succeeded: 6, rows: 10, pendingRequests: 0 });
  });

  it('carries every dtype unchanged', async () => {
    const ensemble = await load(new URL('identity', golden));
    const data = {
      float32: Float32Array.of(1.5, -0),
      float16: Uint16Array.of(0x3c00, 0x7bff),
      int32: Int32Array.of(-1, 2 ** 31 - 1),
      int64: BigInt64Array.of(-1n, 2n ** 63n - 1n),
      uint8: Uint8Array.of(0, 255),
      bool: Uint8Array.of(1, 0),
    };
    const inputs = Object.entries(data).map(
      ([name, value]) => [`${name}_in`, { data: value, dims: [1, 2] }] as const,
    );
    const { outputs: answer } = await ensemble.predict(Object.fromEntries(inputs));
    for (const [name, value] of Object.entries(data))
      expect(answer[`${name}_out`]).toEqual({ dtype: name, data: value, dims: [1, 2] });
  });

  it('warms up every worker without counting it', async () => {
    const ensemble = await load(tiny, { workers: 2 });
    await ensemble.warmUp();
    await ensemble.warmUp({ rows: 1 });
    expect(ensemble.stats()).toMatchObject({ succeeded: 0, batches: 0 });
  });

  it('falls back to the CPU where CUDA does not open, and says so', async () => {
    const ensemble = await load(tiny, { device: 'auto' });
    expect(ensemble.device.requested).toBe('auto');
    if (ensemble.device.used === 'cpu') expect(ensemble.device.reason).toMatch(/^no CUDA session/);
  });

  it('counts and refuses bad requests', async () => {
    const ensemble = await load(tiny);
    await expect(ensemble.predict(new Float32Array(3))).rejects.toMatchObject({
      code: 'invalid-input',
    });
    for (const outputs of [['nope'], ['probs', 'probs'], []])
      await expect(ensemble.predict(x, { outputs })).rejects.toMatchObject({
        code: 'unknown-output',
      });
    expect(ensemble.stats().failed.invalid).toBe(4);
  });

  it('refuses members where the bundle has none', async () => {
    const ensemble = await load(new URL('identity', golden));
    await expect(ensemble.predictMembers({})).rejects.toMatchObject({ code: 'no-member-outputs' });
  });
});

describe('a bundle that is not what it says', () => {
  /** The golden bundle with its graph or manifest changed, and sums that fit. */
  async function forged(change: {
    graph?: (bytes: Uint8Array) => Uint8Array;
    manifest?: (text: string) => string;
  }) {
    const bundle = await readBundle(bundleDirectory(fileURLToPath(tiny)));
    const graph = change.graph?.(await bundle.readGraph()) ?? (await bundle.readGraph());
    const text = JSON.stringify(bundle.manifest);
    const manifest = JSON.parse(change.manifest?.(text) ?? text) as typeof bundle.manifest;
    const memory = memoryBundle();
    await writeBundle(memory, { manifest, files: { [manifest.graph]: graph } });
    return memory;
  }

  it('is noticed when one weight differs', async () => {
    const memory = await forged({
      graph(bytes) {
        // An initializer's name is followed by a tag, a length and its little-endian floats: the third byte of the first.
        const at = Buffer.from(bytes).lastIndexOf('w0') + 6;
        bytes[at]! ^= 0x40;
        return bytes;
      },
    });
    const ensemble = await load(memory);
    expect(largestDifference((await ensemble.predict(x)).outputs)).toBeGreaterThan(TOLERANCE);
  });

  it('is refused when a byte was flipped after the export', async () => {
    const memory = await forged({});
    memory.files.get('ensemble.onnx')![100]! ^= 1;
    await expect(loadEnsemble(memory)).rejects.toMatchObject({ code: 'wrong-checksum' });
  });

  it.each<[string, Parameters<typeof forged>[0], string]>([
    ['no graph at all', { graph: () => new Uint8Array([1, 2, 3]) }, 'protobuf parsing failed'],
    ['another dtype', { manifest: (t) => t.replace('"float32"', '"int32"') }, 'input "x" is int32'],
    [
      'other sides',
      { manifest: (t) => t.replace('[null,4]', '[null,5]') },
      'float32 [N, 4] in the graph',
    ],
    [
      'an output it lacks',
      { manifest: (t) => t.replace('"probs_expected_entropy"', '"probs_spread"') },
      'its graph has no output "probs_spread"',
    ],
  ])('is refused with %s', async (_, change, text) => {
    const memory = await forged(change);
    const workers = await workersOf(async () => {
      const loading = loadEnsemble(memory);
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

describe('threads', () => {
  it('are replaced when they die: what ran fails, what waits and what comes is answered', async () => {
    let ensemble: Ensemble;
    const [worker] = await workersOf(async () => {
      ensemble = await load(tiny, { maxBatchRows: 5 });
    });
    const running = ensemble!.predict(x);
    const waiting = ensemble!.predict(x);
    const outcome = expect(running).rejects.toMatchObject({ code: 'worker-crashed' });
    await worker!.terminate();
    await outcome;
    expect(largestDifference((await waiting).outputs)).toBeLessThan(TOLERANCE);
    expect(ensemble!.stats()).toMatchObject({
      succeeded: 1,
      restarts: 1,
      failed: { backend: 1 },
    });
  });

  it('end on close, after the requests that were accepted', async () => {
    let ensemble: Ensemble;
    const workers = await workersOf(async () => {
      ensemble = await load(tiny, { workers: 2, maxBatchRows: 1 });
    });
    expect(workers.map(hasEnded)).toEqual([false, false]);
    const answers = [1, 2, 3].map(() => ensemble.predict(x));
    const closing = ensemble!.close();
    await expect(ensemble!.predict(x)).rejects.toMatchObject({ code: 'closed' });
    for (const answer of await Promise.all(answers))
      expect(largestDifference(answer.outputs)).toBeLessThan(TOLERANCE);
    await closing;
    await ensemble!.close();
    expect(workers.map(hasEnded)).toEqual([true, true]);
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
