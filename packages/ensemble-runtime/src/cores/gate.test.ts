import { describe, expect, it } from 'vitest';
import { gate } from './gate.ts';

describe('gate', () => {
  it('lets in at once what fits, and the rest in its order', () => {
    const { take } = gate(3);
    const log: string[] = [];
    const releases = new Map<string, () => void>();
    const enter = (name: string, amount: number): void => {
      take(amount, (release) => {
        log.push(name);
        releases.set(name, release);
      });
    };
    enter('a', 2);
    enter('b', 2);
    enter('c', 1);
    expect(log).toEqual(['a']);
    releases.get('a')!();
    releases.get('a')!();
    expect(log).toEqual(['a', 'b', 'c']);
    enter('d', 1);
    expect(log).toHaveLength(3);
    releases.get('c')!();
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('counts more than its room as its room', () => {
    const { take } = gate(2);
    let entered = 0;
    take(9, (release) => {
      entered++;
      release();
    });
    take(1, () => entered++);
    expect(entered).toBe(2);
  });
});
