import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

function turns(): {
  readonly defer: (act: () => void) => void;
  readonly pass: () => Promise<void>;
} {
  let due: (() => void)[] = [];
  return {
    defer: (act) => due.push(act),
    async pass() {
      const now = due;
      due = [];
      for (const act of now) act();
      await Promise.resolve();
    },
  };
}

describe('createPace', () => {
  it('lets so many go on in a turn, the others in the next ones, in their order', async () => {
    const { defer, pass } = turns();
    const pace = createPace(3, defer);
    const gone: number[] = [];
    const go = async (index: number): Promise<void> => {
      const wait = pace.turn();
      if (wait !== undefined) await wait;
      gone.push(index);
    };
    for (let index = 0; index < 8; index++) void go(index);
    expect(gone).toEqual([0, 1, 2]);
    await pass();
    // Who comes while others wait does not overtake them.
    void go(8);
    expect(gone).toEqual([0, 1, 2, 3, 4, 5]);
    await pass();
    expect(gone).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await pass();
    await pass();
    void go(9);
    expect(gone.at(-1)).toBe(9);
  });

  it('has nothing to do once nobody came for a turn', () => {
    let deferred = 0;
    const acts: (() => void)[] = [];
    const pace = createPace(2, (act) => {
      deferred++;
      acts.push(act);
    });
    expect(pace.turn()).toBeUndefined();
    for (const act of acts.splice(0)) act();
    expect([deferred, acts.length]).toEqual([1, 0]);
  });
});
