import { describe, expect, it } from 'vitest';
import { gate } from '../cores/gate.ts';
import { InferenceError } from '../errors.ts';
import type { Batch, BatchResult, Executor } from './port.ts';
import { backoffMs, openLane, type Lane } from './supervisor.ts';

const batch: Batch = { graph: 'g', rows: 1, feeds: [], outputs: [] };

interface Fake extends Executor {
  die(): void;
  readonly killed: () => boolean;
}

/** Answers with its number, or never. */
function fake(number: number, run?: () => Promise<BatchResult>): Fake {
  let die: () => void;
  let isKilled = false;
  const ended = new Promise<void>((resolve) => (die = resolve));
  const result = { outputs: {}, nonFinite: { inputs: [], outputs: {} }, runMs: number };
  return {
    graphs: {},
    turn: gate(1),
    ended,
    die: () => {
      die();
    },
    killed: () => isKilled,
    run: run ?? (() => Promise.resolve(result)),
    close: () => (die(), ended),
    kill: () => {
      isKilled = true;
      die();
      return true;
    },
  };
}

/** A lane over executors that are opened in turn, and a clock that goes on when told to. */
async function lane(opens: readonly (() => Promise<Executor>)[]): Promise<{
  lane: Lane;
  log: string[];
  readonly tick: () => Promise<void>;
  timers: { ms: number }[];
}> {
  const log: string[] = [];
  const timers: { act: () => void; ms: number }[] = [];
  let opened = 0;
  const supervised = await openLane({
    name: 'm',
    open: () => (opens[opened++] ?? (() => Promise.reject(new Error('no more'))))(),
    watchdogMs: 5000,
    onChange: (state) => log.push(state),
    onRestart: () => log.push('restart'),
    later: (act, ms) => {
      const timer = { act, ms };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at !== -1) timers.splice(at, 1);
      };
    },
  });
  const tick = async (): Promise<void> => {
    for (const { act } of timers.splice(0)) act();
    await flush();
  };
  return { lane: supervised, log, tick, timers };
}

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function run(lane: Lane): Promise<BatchResult> {
  return new Promise((resolve, reject) => {
    lane.reserve((turn) => {
      turn
        .run(batch)
        .finally(() => {
          turn.release();
        })
        .then(resolve, reject);
    });
  });
}

describe('openLane', () => {
  it('replaces an executor that ended, at once', async () => {
    const first = fake(0);
    const {
      lane: own,
      log,
      tick,
      timers,
    } = await lane([() => Promise.resolve(first), () => Promise.resolve(fake(1))]);
    expect((await run(own)).runMs).toBe(0);
    first.die();
    await flush();
    expect(own.state()).toBe('restarting');
    await expect(run(own)).rejects.toMatchObject({ code: 'worker-crashed' });
    expect(timers.map(({ ms }) => ms)).toEqual([0]);
    await tick();
    expect((await run(own)).runMs).toBe(1);
    expect(log).toEqual(['ready', 'restart', 'restarting', 'ready']);
  });

  it('waits longer each time that a start fails, calls itself broken, and recovers by itself', async () => {
    const first = fake(0);
    const fails = Array.from({ length: 5 }, () => () => Promise.reject(new Error('disk is gone')));
    const opens = [() => Promise.resolve(first), ...fails, () => Promise.resolve(fake(9))];
    const { lane: own, log, tick, timers } = await lane(opens);
    first.die();
    await flush();
    const pauses: number[] = [];
    while (own.state() !== 'ready') {
      pauses.push(timers[0]!.ms);
      await tick();
    }
    expect(pauses).toEqual([0, 100, 200, 400, 800, 1600]);
    expect(own.failure()).toMatchObject({ message: 'disk is gone' });
    expect(log).toEqual(['ready', 'restart', 'restarting', 'broken', 'ready']);
  });

  it('starts from no pause again once a batch was answered', async () => {
    const executors = Array.from({ length: 9 }, (_, index) => fake(index));
    const {
      lane: own,
      tick,
      timers,
    } = await lane(executors.map((executor) => () => Promise.resolve(executor)));
    for (const executor of executors.slice(0, 8)) {
      await run(own);
      executor.die();
      await flush();
      expect(timers.map(({ ms }) => ms)).toEqual([0]);
      await tick();
    }
  });

  it('kills an executor whose run does not end', async () => {
    let reject: (error: Error) => void;
    const stuck = fake(0, () => new Promise<BatchResult>((_, refuse) => (reject = refuse)));
    const { lane: own, timers } = await lane([
      () => Promise.resolve(stuck),
      () => Promise.resolve(fake(1)),
    ]);
    const answer = run(own);
    expect(timers.map(({ ms }) => ms)).toEqual([5000]);
    void stuck.ended.then(() => {
      reject(new InferenceError('worker-crashed', 'killed'));
    });
    (timers[0] as unknown as { act(): void }).act();
    await expect(answer).rejects.toMatchObject({ code: 'worker-crashed' });
    expect(stuck.killed()).toBe(true);
  });

  it('does not run on an executor that came while its turn was waited for', async () => {
    const first = fake(0);
    const { lane: own, tick } = await lane([
      () => Promise.resolve(first),
      () => Promise.resolve(fake(1)),
    ]);
    let release = (): void => undefined;
    first.turn.take(1, (give) => (release = give));
    const answer = run(own);
    first.die();
    await flush();
    await tick();
    expect(own.state()).toBe('ready');
    release();
    await expect(answer).rejects.toMatchObject({ code: 'worker-crashed' });
  });

  it('starts nothing again that it closed, and closes what was starting', async () => {
    const first = fake(0);
    let resolve: (executor: Executor) => void;
    const slow = new Promise<Executor>((open) => (resolve = open));
    const second = fake(1);
    const { lane: own, tick, log } = await lane([() => Promise.resolve(first), () => slow]);
    first.die();
    await flush();
    await tick();
    const closed = own.close();
    resolve!(second);
    await closed;
    await second.ended;
    expect(log.at(-1)).toBe('closed');
  });

  it('throws when the first executor does not open', async () => {
    await expect(lane([() => Promise.reject(new Error('no such graph'))])).rejects.toThrow(
      'no such graph',
    );
  });
});

it('pauses at most 10 s', () => {
  expect([0, 1, 2, 3, 30].map(backoffMs)).toEqual([0, 0, 100, 200, 10_000]);
});
