import { describe, expect, it } from 'vitest';
import { gate } from '../cores/gate.ts';
import type { Child } from './child.ts';
import { createChildren } from './children.ts';
import type { Command } from './frames.ts';
import type { ExecutorSetup } from './port.ts';

interface Fake extends Child {
  readonly commands: Command['kind'][];
  ending: boolean;
}

/** A child that opens everything. */
function fake(): Fake {
  const commands: Command['kind'][] = [];
  let die: (how: string) => void;
  let hasEnded = false;
  const ended = new Promise<string>((resolve) => (die = resolve));
  const child: Fake = {
    commands,
    ending: false,
    pid: 1,
    turn: gate(1),
    ended,
    hasEnded: () => hasEnded,
    call(command) {
      commands.push(command.kind);
      const device = { requested: 'cpu', used: 'cpu', reason: '' } as const;
      const opened = { device, inputs: [], outputs: [] };
      return Promise.resolve({
        reply: command.kind === 'open' ? { kind: 'opened', opened } : { kind: 'closed' },
        payload: [],
      });
    },
    kill() {
      hasEnded = true;
      die('killed');
    },
    end() {
      child.ending = true;
      child.kill();
      return Promise.resolve();
    },
  };
  return child;
}

const setup = (threads: number): ExecutorSetup => ({
  name: 'm',
  device: 'cpu',
  threads,
  spinning: false,
  graphs: [{ key: 'g', read: () => Promise.resolve(new Uint8Array(1)) }],
});

function children(cores: number) {
  const started: Fake[] = [];
  const pool = createChildren(() => {
    const child = fake();
    started.push(child);
    return child;
  }, cores);
  return { pool, started };
}

describe('createChildren', () => {
  it('puts ensembles that take all cores into one process', async () => {
    const { pool, started } = children(4);
    await Promise.all(Array.from({ length: 20 }, () => pool.open(setup(4), false)));
    expect(started).toHaveLength(1);
  });

  it('starts as many processes as can compute at the same time, and shares them out', async () => {
    const { pool, started } = children(4);
    await Promise.all(Array.from({ length: 12 }, () => pool.open(setup(1), false)));
    expect(started.map(({ commands }) => commands.length)).toEqual([3, 3, 3, 3]);
  });

  it('gives a process of its own to who asks', async () => {
    const { pool, started } = children(2);
    await pool.open(setup(2), false);
    await pool.open(setup(2), true);
    await pool.open(setup(2), false);
    expect(started.map(({ commands }) => commands.length)).toEqual([2, 1]);
  });

  it('ends a process when its last sessions are closed', async () => {
    const { pool, started } = children(2);
    const [a, b] = [await pool.open(setup(2), false), await pool.open(setup(2), false)];
    await a.close();
    expect(started[0]!.ending).toBe(false);
    await b.close();
    expect(started[0]).toMatchObject({
      ending: true,
      commands: ['open', 'open', 'close', 'close'],
    });
  });

  it('replaces a process that has seen many sessions, so that reloads leave no memory behind', async () => {
    const { pool, started } = children(2);
    let current = await pool.open(setup(2), false);
    for (let reload = 0; reload < 30; reload++) {
      const next = await pool.open(setup(2), false);
      await current.close();
      current = next;
    }
    expect(started.length).toBeGreaterThan(2);
    expect(started.filter(({ ending }) => !ending)).toHaveLength(1);
  });

  it('opens nothing in a process that ended', async () => {
    const { pool, started } = children(2);
    await pool.open(setup(2), false);
    started[0]!.kill();
    await pool.open(setup(2), false);
    expect(started).toHaveLength(2);
  });
});
