import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coreBudget, loadEnsemble } from '../index.ts';
import { best, candidatesFor, tune, type Measured } from './tune.ts';

const tiny = new URL('../../../../conformance/serving/golden/tiny', import.meta.url);

let bundle: string;
beforeAll(async () => {
  bundle = await mkdtemp(join(tmpdir(), 'tune-'));
  await cp(tiny, bundle, { recursive: true });
});
afterAll(() => rm(bundle, { recursive: true }));

describe('candidatesFor', () => {
  it('splits the cores', () => {
    expect(
      candidatesFor('throughput', 4).map(({ workers, threads }) => [workers, threads]),
    ).toEqual([
      [4, 1],
      [2, 2],
      [1, 4],
    ]);
    expect(candidatesFor('latency', 2)).toEqual([
      { workers: 1, threads: 2, spinning: false },
      { workers: 1, threads: 2, spinning: true },
      { workers: 1, threads: 1, spinning: false },
    ]);
  });
});

describe('best', () => {
  const measured = (mode: Measured['mode'], ...values: readonly number[]): readonly Measured[] =>
    values.map((value, index) => ({
      mode,
      workers: index + 1,
      threads: 1,
      spinning: false,
      value,
    }));

  it.each([
    ['the shortest time', 'latency', [9, 5, 7], 2],
    ['the most rows', 'throughput', [9, 5, 20], 3],
    ['fewer workers where nothing is gained', 'throughput', [98, 99, 100], 1],
    ['fewer workers where nothing is lost', 'latency', [10.1, 10, 20], 1],
  ] as const)('is %s', (_, mode, values, workers) => {
    expect(best(measured(mode, ...values), mode).workers).toBe(workers);
  });
});

describe('tune', () => {
  it('writes a choice that loadEnsemble takes on this machine alone', async () => {
    const cores = coreBudget(2);
    const rounds: string[] = [];
    const onRound = (done: number, all: number) => void rounds.push(`${done}/${all}`);
    const result = await tune(bundle, { cores, seconds: 0.2, executor: 'thread', onRound });
    expect(rounds).toEqual(Array.from({ length: 10 }, (_, index) => `${index + 1}/10`));
    expect(JSON.parse(await readFile(result.file, 'utf8'))).toMatchObject({
      choices: result.choices,
    });
    expect(result.measured).toHaveLength(5);
    expect(result.measured.every(({ value }) => value > 0)).toBe(true);
    const settingsOf = async (options: Parameters<typeof loadEnsemble>[1]) => {
      await using ensemble = await loadEnsemble(bundle, { executor: 'thread', cores, ...options });
      const { workers, threads, spinning } = ensemble.settings;
      return { workers, threads, spinning };
    };
    const written = {
      ...result,
      choices: { ...result.choices, throughput: { workers: 3, threads: 2, spinning: true } },
    };
    await writeFile(result.file, JSON.stringify(written));
    expect(await settingsOf({})).toEqual(result.choices.latency);
    expect(await settingsOf({ mode: 'throughput' })).toEqual({
      workers: 3,
      threads: 2,
      spinning: true,
    });
    expect(await settingsOf({ mode: 'throughput', workers: 1 })).toEqual({
      workers: 1,
      threads: 2,
      spinning: false,
    });
    expect(await settingsOf({ mode: 'throughput', cores: coreBudget(4) })).toEqual({
      workers: 4,
      threads: 1,
      spinning: false,
    });
    await writeFile(result.file, '{"fingerprint": 7}');
    await expect(settingsOf({})).rejects.toThrow('tuning.json is not what tune writes');
  });
});
