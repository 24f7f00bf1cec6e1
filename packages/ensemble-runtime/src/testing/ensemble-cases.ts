import assert from 'node:assert/strict';
import type { BundleDType } from '@snapshot-ensemble/ensemble-bundle';
import type { Ensemble } from '../ensemble.ts';
import type { LoadOptions } from '../options.ts';
import type { TensorData, Tensors } from '../tensor.ts';

/** Bundles made and answers computed by other software. */
export interface Golden {
  /** An ensemble of two classifiers: input `x` [rows, 4], outputs `probs` [rows, 3], its uncertainty, and `probs.members`. */
  readonly tiny: URL;
  /** Gives `<dtype>_in` [rows, 2] back as `<dtype>_out`, for every dtype. */
  readonly identity: URL;
  /** Values of `x` and of every output of `tiny`, flat. */
  readonly expected: Readonly<Record<string, readonly number[]>>;
  /** How far float32 arithmetic may be off. */
  readonly tolerance: number;
}

/** One thing that every ensemble does, on whatever executor and device. */
export interface Case {
  readonly name: string;
  /** Throws an AssertionError if the ensemble does not. `load` opens a bundle; the case closes what it opened. */
  run(load: Load): Promise<void>;
}

export type Load = (bundle: URL, options?: LoadOptions) => Promise<Ensemble>;

/** The contract of `loadEnsemble`, for any executor and device. */
export function ensembleCases({ tiny, identity, expected, tolerance }: Golden): readonly Case[] {
  const x = Float32Array.from(expected['x']!);
  const row = (index: number): Float32Array => x.slice(4 * index, 4 * index + 4);
  /** Throws where an answer to rows of `x`, from row `start`, is not what was expected. */
  const check = (outputs: Tensors, start = 0): void => {
    for (const [name, { data, dims }] of Object.entries(outputs)) {
      const size = data.length / dims[0]!;
      Array.from(data, Number).forEach((value, index) => {
        const wanted = expected[name]![start * size + index]!;
        assert.ok(
          Math.abs(value - wanted) <= tolerance,
          `${name}[${index}] is ${value} instead of ${wanted}`,
        );
      });
    }
  };
  const refuses = (answer: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(answer, (error: { readonly code?: string }) => {
      assert.equal(error.code, code);
      return true;
    });

  return [
    {
      name: 'answers what was expected, with its uncertainty',
      async run(load) {
        const ensemble = await load(tiny);
        const { outputs, membersUsed } = await ensemble.predict(x);
        check(outputs);
        assert.deepEqual(
          Object.entries(outputs).map(([name, { dims, dtype }]) => [name, dtype, ...dims]),
          [
            ['probs', 'float32', 5, 3],
            ['probs.predictive_entropy', 'float32', 5, 1],
            ['probs.expected_entropy', 'float32', 5, 1],
            ['probs.mutual_information', 'float32', 5, 1],
          ],
        );
        assert.deepEqual([...membersUsed], [2, 2, 2, 2, 2]);
      },
    },
    {
      name: 'answers by name the outputs asked for, and leaves its inputs alone',
      async run(load) {
        const ensemble = await load(tiny);
        const data = x.slice();
        const inputs = { x: { data, dims: [5, 4] } };
        const { outputs } = await ensemble.predict(inputs, {
          outputs: ['probs.mutual_information'],
        });
        assert.deepEqual(Object.keys(outputs), ['probs.mutual_information']);
        check(outputs);
        assert.deepEqual(data, x);
      },
    },
    {
      name: 'takes bytes as they came over a wire, at any offset',
      async run(load) {
        const ensemble = await load(tiny);
        for (const offset of [0, 1, 4, 7]) {
          const bytes = new Uint8Array(offset + x.byteLength).subarray(offset);
          bytes.set(new Uint8Array(x.buffer));
          check((await ensemble.predict({ x: { bytes, dims: [5, 4] } })).outputs);
        }
      },
    },
    {
      name: 'gives each member its say',
      async run(load) {
        const { probs } = await (await load(tiny)).predictMembers(x);
        assert.deepEqual(probs!.dims, [5, 2, 3]);
        check({ 'probs.members': probs! });
      },
    },
    {
      name: 'gives the same answers however rows are batched',
      async run(load) {
        const ensemble = await load(tiny, { batching: { maxRows: 2 }, workers: 2 });
        const whole = ensemble.predict(x);
        const rows = Array.from({ length: 40 }, (_, index) => ensemble.predict(row(index % 5)));
        check((await whole).outputs);
        (await Promise.all(rows)).forEach(({ outputs }, index) => {
          check(outputs, index % 5);
        });
        const { succeeded, pendingRequests, heldBytes } = ensemble.stats();
        assert.deepEqual(
          { succeeded, pendingRequests, heldBytes },
          { succeeded: 41, pendingRequests: 0, heldBytes: 0 },
        );
      },
    },
    {
      name: 'carries every dtype unchanged',
      async run(load) {
        const ensemble = await load(identity);
        const values: Readonly<Record<BundleDType, TensorData>> = {
          float32: Float32Array.of(1.5, -0),
          float16: Uint16Array.of(0x3c00, 0x7bff),
          int32: Int32Array.of(-1, 2 ** 31 - 1),
          int64: BigInt64Array.of(-1n, 2n ** 63n - 1n),
          uint8: Uint8Array.of(0, 255),
          bool: Uint8Array.of(1, 0),
        };
        const inputs = Object.entries(values).map(
          ([dtype, data]) => [`${dtype}_in`, { data, dims: [1, 2] }] as const,
        );
        const { outputs } = await ensemble.predict(Object.fromEntries(inputs));
        for (const [dtype, data] of Object.entries(values))
          assert.deepEqual(outputs[`${dtype}_out`], { dtype, data, dims: [1, 2] });
      },
    },
    {
      name: 'refuses the request alone that holds a NaN',
      async run(load) {
        const ensemble = await load(tiny);
        const bad = Float32Array.of(1, NaN, 3, 4);
        const before = ensemble.predict(x);
        const refused = ensemble.predict(bad);
        const beside = ensemble.predict(x);
        const allowed = ensemble.predict(bad, { allowNonFinite: true });
        await refuses(refused, 'non-finite-input');
        check((await before).outputs);
        check((await beside).outputs);
        const { outputs } = await allowed;
        assert.ok(Number.isNaN(outputs['probs']!.data[0]));
      },
    },
    {
      name: 'refuses what it cannot run, and counts it',
      async run(load) {
        const ensemble = await load(tiny);
        await refuses(ensemble.predict(new Float32Array(3)), 'invalid-input');
        for (const outputs of [['nope'], ['probs', 'probs'], []])
          await refuses(ensemble.predict(x, { outputs }), 'unknown-output');
        await refuses(ensemble.predict(x, { maxMembers: 1 }), 'invalid-input');
        assert.equal(ensemble.stats().failed.invalid, 5);
        await refuses((await load(identity)).predictMembers({}), 'no-member-outputs');
      },
    },
    {
      name: 'gives up when told to, and at a deadline',
      async run(load) {
        const ensemble = await load(tiny, { batching: { maxRows: 1 } });
        const controller = new AbortController();
        const waiting = ensemble.predict(x);
        const aborted = ensemble.predict(x, { signal: controller.signal });
        controller.abort();
        await refuses(aborted, 'aborted');
        await refuses(ensemble.predict(x, { deadline: 0 }), 'deadline-exceeded');
        check((await waiting).outputs);
      },
    },
    {
      name: 'warms up every worker without counting it',
      async run(load) {
        const ensemble = await load(tiny, { workers: 2 });
        await ensemble.warmUp();
        await ensemble.warmUp({ rows: 1 });
        const { succeeded, batches } = ensemble.stats();
        assert.deepEqual({ succeeded, batches }, { succeeded: 0, batches: 0 });
      },
    },
    {
      name: 'answers what it accepted before it closes, and refuses what comes after',
      async run(load) {
        const ensemble = await load(tiny, { workers: 2, batching: { maxRows: 1 } });
        const answers = [1, 2, 3].map(() => ensemble.predict(x));
        const closing = ensemble.close();
        await refuses(ensemble.predict(x), 'closed');
        for (const { outputs } of await Promise.all(answers)) check(outputs);
        await closing;
        await ensemble.close();
      },
    },
  ];
}
