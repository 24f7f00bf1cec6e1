import { describe, expect, it } from 'vitest';
import { resolveOptions, type LoadOptions } from './options.ts';

describe('resolveOptions', () => {
  it.each<[LoadOptions, { workers: number; threads: number }]>([
    [{}, { workers: 1, threads: 4 }],
    [{ mode: 'latency' }, { workers: 1, threads: 4 }],
    [{ mode: 'throughput' }, { workers: 4, threads: 1 }],
    [{ workers: 2 }, { workers: 2, threads: 2 }],
    [{ workers: 1000 }, { workers: 1000, threads: 1 }],
    [
      { mode: 'throughput', threads: 2 },
      { workers: 4, threads: 2 },
    ],
  ])('shares four cores among workers: %o', (options, expected) => {
    expect(resolveOptions(options, 4)).toMatchObject(expected);
  });

  it.each<[string, LoadOptions, string]>([
    [
      'an unknown device',
      { device: 'gpu' as 'cuda' },
      'device is "gpu". Allowed: cpu, cuda, auto.',
    ],
    [
      'an unknown mode',
      { mode: 'fast' as 'latency' },
      'mode is "fast". Allowed: latency, throughput.',
    ],
    ['a misspelt option', { worker: 2 } as LoadOptions, 'Did you mean "workers"?'],
    ['one in batching', { batching: { maxRow: 2 } as object }, 'Did you mean "maxRows"?'],
    ['no workers', { workers: 0 }, 'workers is 0. Pass a whole number from 1.'],
    ['half a thread', { threads: 0.5 }, 'threads is 0.5'],
    ['NaN rows', { batching: { maxRows: NaN } }, 'batching.maxRows is NaN'],
    ['an endless budget', { batching: { maxHeldBytes: Infinity } }, 'maxHeldBytes is Infinity'],
    ['an unknown executor', { executor: 'worker' as 'thread' }, 'executor is "worker"'],
    ['a niceness beyond what there is', { niceness: 20 }, 'niceness is 20. Pass a whole number'],
    ['a nice thread', { executor: 'thread', niceness: 5 }, 'only processes have one'],
    ['no module', { executor: { ort: {} } as never }, "Allowed: 'process', 'thread', or { ort }"],
  ])('refuses %s', (_, options, text) => {
    expect(() => resolveOptions(options, 2)).toThrow(RangeError);
    expect(() => resolveOptions(options, 2)).toThrow(text);
  });
});
