import { describe, expect, it } from 'vitest';
import { createLoad } from './load.ts';

describe('createLoad', () => {
  it('tells how long a request would wait from the bytes that were done', () => {
    let now = 0;
    const load = createLoad(() => now);
    const ends = Array.from({ length: 20 }, () => load.begin(100));
    expect(load.expectedMs(100)).toBe(0); // nothing is known yet
    now = 50;
    for (const end of ends.slice(0, 2)) end(true);
    // 200 bytes in 50 ms; 1,800 bytes wait and 200 more would.
    expect(load.expectedMs(200)).toBeCloseTo(500, -2);
    expect([load.requests, load.bytes]).toEqual([18, 1800]);
  });

  it('forgets what was long ago, and time without work', () => {
    let now = 0;
    const load = createLoad(() => now);
    load.begin(1_000_000)(true);
    now = 100_000;
    const ends = Array.from({ length: 30 }, () => load.begin(10));
    now += 5000;
    for (const end of ends.slice(0, 10)) end(true);
    expect(load.expectedMs(0)).toBeLessThan(10_000);
    now += 5000;
    expect(load.expectedMs(0)).toBeGreaterThan(1000);
  });

  it('counts out once, and what was not answered as nothing done', () => {
    let now = 0;
    const load = createLoad(() => now);
    const end = load.begin(100);
    now = 10;
    end(false);
    end(true);
    expect([load.requests, load.bytes]).toEqual([0, 0]);
    Array.from({ length: 16 }, () => load.begin(1));
    expect(load.expectedMs(1)).toBe(0);
  });
});
