import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, expect } from 'vitest';
import { blockingPipe } from './blocking-pipe.ts';

const folder = mkdtempSync(join(tmpdir(), 'pipe-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function withFile<T>(flags: string, act: (descriptor: number) => T): T {
  const descriptor = openSync(join(folder, 'bytes'), flags);
  try {
    return act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

// Around what is read ahead, 65,536 bytes.
const size = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 65_000, max: 140_000 }));

test.prop([fc.array(size, { minLength: 1, maxLength: 5 }), fc.array(size, { maxLength: 5 })], {
  numRuns: 30,
})('what was written is read, however it is cut, and the end is seen', (written, asked) => {
  let value = 0;
  const parts = written.map((length) => Uint8Array.from({ length }, () => value++));
  const all = Buffer.concat(parts);
  withFile('w', (descriptor) => {
    blockingPipe(descriptor).write(parts);
  });
  expect(Buffer.compare(readFileSync(join(folder, 'bytes')), all)).toBe(0);
  withFile('r', (descriptor) => {
    const pipe = blockingPipe(descriptor);
    let at = 0;
    for (const length of asked) {
      const target = new Uint8Array(length);
      expect(pipe.read(target)).toBe(at + length <= all.length);
      if (at + length > all.length) return;
      expect(Buffer.compare(target, all.subarray(at, at + length))).toBe(0);
      at += length;
    }
  });
});
