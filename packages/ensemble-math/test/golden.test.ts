import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checksum, makeCase, type Group } from './cases.ts';
import { functions } from './golden-functions.ts';

interface GoldenFile {
  readonly command: string;
  readonly group: Group;
  readonly checksums: readonly number[];
  readonly results: readonly GoldenResult[];
}

interface GoldenResult {
  readonly function: string;
  readonly library: string;
  readonly version: string;
  readonly answers: readonly (readonly number[] | null)[];
  /** Larger than 1e-9 only with the reason why. */
  readonly tolerance?: number;
  readonly reason?: string;
}

const folder = new URL('../../../conformance/metrics/golden/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const golden = files.map((name) => ({
  name,
  ...(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as GoldenFile),
}));

/** Relative to the expected value; below 1e-3 absolute, since what is left of a difference of 1s has fewer digits. */
function difference(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-3);
}

describe.each(golden)('$name', ({ group, checksums, results }) => {
  const cases = checksums.map((_, index) => makeCase(group, index));

  it('is about the cases made here', () => {
    expect(cases.map(checksum)).toEqual(checksums);
  });

  it.for(results)('$function agrees with $library $version', async (result, { annotate }) => {
    const ours = functions[result.function];
    if (ours === undefined) throw new Error(`No function for "${result.function}".`);
    let count = 0;
    let largest = 0;
    result.answers.forEach((expected, index) => {
      if (expected === null) return;
      const answer = ours(cases[index]!);
      const actual = typeof answer === 'number' ? [answer] : Array.from(answer);
      expect(actual, `case ${index}`).toHaveLength(expected.length);
      actual.forEach((value, i) => (largest = Math.max(largest, difference(value, expected[i]!))));
      count++;
    });
    await annotate(`${count} cases, largest relative difference ${largest.toPrecision(2)}`);
    expect(largest).toBeLessThanOrEqual(result.tolerance ?? 1e-9);
  });
});

describe('this judge', () => {
  it('catches a fault of one part in a hundred million', () => {
    expect(difference(1 + 1e-8, 1)).toBeGreaterThan(1e-9);
  });

  it('covers every golden function with at least 100 cases', () => {
    const counts = new Map<string, number>();
    for (const { function: name, answers } of golden.flatMap(({ results }) => results)) {
      const count = answers.filter((answer) => answer !== null).length;
      counts.set(name, Math.max(count, counts.get(name) ?? 0));
    }
    expect([...counts].filter(([, count]) => count < 100)).toEqual([]);
    expect([...counts.keys()].sort()).toEqual(Object.keys(functions).sort());
  });
});
