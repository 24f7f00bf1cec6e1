import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { resolveOptions, type LoadOptions } from './options.ts';

describe('resolveOptions', () => {
  it('gives one worker all cores', () => {
    expect(resolveOptions({})).toMatchObject({ workers: 1, threads: availableParallelism() });
  });

  it('shares the cores among workers, and never gives one none', () => {
    expect(resolveOptions({ workers: 1000 }).threads).toBe(1);
  });

  it.each<[string, LoadOptions, string]>([
    [
      'an unknown device',
      { device: 'gpu' as 'cuda' },
      'device is "gpu". Allowed: cpu, cuda, auto.',
    ],
    ['no workers', { workers: 0 }, 'workers is 0. Pass a whole number from 1.'],
    ['half a thread', { threads: 0.5 }, 'threads is 0.5'],
    ['NaN rows', { maxBatchRows: NaN }, 'maxBatchRows is NaN'],
    ['an endless queue', { maxQueueRows: Infinity }, 'maxQueueRows is Infinity'],
  ])('refuses %s', (_, options, text) => {
    expect(() => resolveOptions(options)).toThrow(RangeError);
    expect(() => resolveOptions(options)).toThrow(text);
  });
});
