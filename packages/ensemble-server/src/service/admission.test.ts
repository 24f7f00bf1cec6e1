import { describe, expect, it } from 'vitest';
import { assertShortQueue, createAdmission } from './admission.ts';

describe('createAdmission', () => {
  it('refuses what does not fit, and takes it once there is room', () => {
    const admission = createAdmission({ maxBytesInFlight: 100, maxRequestsInFlight: 9 });
    const first = admission.enter(60);
    expect(() => admission.enter(41)).toThrow('requests hold 60 of 100 bytes');
    expect(() => {
      first.grow(41);
    }).toThrow('The server is full');
    first.grow(40);
    expect(admission.bytes).toBe(100);
    first.release();
    first.release();
    expect([admission.bytes, admission.requests]).toEqual([0, 0]);
    admission.enter(100);
  });

  it('bounds the number of requests', () => {
    const admission = createAdmission({ maxBytesInFlight: 100, maxRequestsInFlight: 2 });
    admission.enter(0);
    admission.enter(0);
    expect(() => admission.enter(0)).toThrow('2 requests are in progress');
  });
});

describe('assertShortQueue', () => {
  it('names the wait', () => {
    assertShortQueue(100, 100, 'm');
    expect(() => {
      assertShortQueue(101, 100, 'm');
    }).toThrow('Model "m" is full: a request would wait about 101 ms, more than the 100 allowed.');
  });
});
