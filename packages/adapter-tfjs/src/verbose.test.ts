import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { bench, type Bench } from '../test/bench.ts';
import { tinyModel, useBackend } from '../test/tiny.ts';

beforeAll(useBackend);

let at: Bench;
beforeEach(() => {
  at = bench();
});

describe('with verbose', () => {
  it('a line is written for every snapshot', async () => {
    const lines: unknown[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
    await at.fit(tinyModel(), { cycles: 3, verbose: 1 });
    await at.fit(tinyModel(), { cycles: 2, existing: 'overwrite' });
    log.mockRestore();
    expect(lines).toEqual(
      [1, 2, 3].map(
        (cycle) =>
          expect.stringMatching(
            `^Snapshot of cycle ${cycle} of 3, step ${cycle * 4}: loss [0-9.]+, acc [0-9.]+, learning rate [0-9.]+$`,
          ) as string,
      ),
    );
  });
});
