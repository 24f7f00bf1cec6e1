import { describe, expect, it } from 'vitest';
import { openLane } from './lane.ts';
import type { Opened, RunResult } from './messages.ts';
import type { SessionThread } from './thread.ts';

const opened: Opened = {
  device: { requested: 'cpu', used: 'cpu', reason: 'asked for' },
  inputs: [],
  outputs: [],
};
const run = { feeds: [], outputs: [] };

/** A thread that answers with its number until it dies. */
function fakeThread(number: number): SessionThread & { die(): void } {
  let die = (): void => undefined;
  const ended = new Promise<void>((resolve) => (die = resolve));
  const result: RunResult = { outputs: {}, runMs: number };
  return {
    opened,
    ended,
    die,
    run: () => Promise.resolve(result),
    close: () => (die(), ended),
  };
}

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('openLane', () => {
  it('replaces a thread that died', async () => {
    const threads = [fakeThread(0), fakeThread(1)];
    let started = 0;
    let restarts = 0;
    const lane = await openLane(
      () => Promise.resolve(threads[started++]!),
      () => restarts++,
    );
    expect((await lane.run(run)).runMs).toBe(0);
    threads[0]!.die();
    await flush();
    expect((await lane.run(run)).runMs).toBe(1);
    expect({ started, restarts }).toEqual({ started: 2, restarts: 1 });
  });

  it('does not start a thread again that it closed', async () => {
    let started = 0;
    const lane = await openLane(
      () => Promise.resolve(fakeThread(started++)),
      () => undefined,
    );
    await lane.close();
    await flush();
    expect(started).toBe(1);
  });

  it('refuses runs with the reason while no thread opens, and recovers by itself', async () => {
    const first = fakeThread(0);
    const starts = [
      () => Promise.resolve(first),
      () => Promise.reject(new Error('disk is gone')),
      () => Promise.resolve(fakeThread(2)),
    ];
    let started = 0;
    const lane = await openLane(
      () => starts[started++]!(),
      () => undefined,
    );
    first.die();
    await flush();
    await flush();
    expect(started).toBe(2);
    await expect(lane.run(run)).rejects.toThrow('disk is gone');
    expect((await lane.run(run)).runMs).toBe(2);
    expect(started).toBe(3);
  });

  it('throws when the first thread does not open', async () => {
    await expect(
      openLane(
        () => Promise.reject(new Error('no such graph')),
        () => undefined,
      ),
    ).rejects.toThrow('no such graph');
  });
});
