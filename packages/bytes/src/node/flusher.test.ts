import { describe, expect, it } from 'vitest';
import { flusher } from './flusher.ts';

/** A file whose flushes end as they are told: a disk that fails once cannot be had on demand. */
function fileWith(flush: () => Promise<void>) {
  const calls: string[] = [];
  return {
    calls,
    datasync: () => {
      calls.push('datasync');
      return flush();
    },
    sync: () => {
      calls.push('sync');
      return Promise.resolve();
    },
  };
}

describe('flusher', () => {
  it('flushes every 16 MiB, one flush at a time, and all of it at the end', async () => {
    const file = fileWith(() => Promise.resolve());
    const flush = flusher(file);
    flush.after(2 ** 23);
    expect(file.calls).toEqual([]);
    flush.after(2 ** 23);
    flush.after(2 ** 25);
    expect(file.calls).toEqual(['datasync']);
    await flush.end();
    expect(file.calls).toEqual(['datasync', 'sync']);
  });

  it('throws what a flush in the background has thrown, though later ones succeed', async () => {
    const failure = new Error('EIO: i/o error, fdatasync');
    const file = fileWith(() => Promise.reject(failure));
    const flush = flusher(file);
    flush.after(2 ** 24);
    await expect(flush.end()).rejects.toBe(failure);
    expect(file.calls).toEqual(['datasync']);
  });
});
