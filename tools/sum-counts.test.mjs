// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countTests } from './sum-counts.mjs';

describe('countTests', () => {
  it.each([
    ['vitest', ' Test Files  1 passed (1)\n      Tests  11 passed (11)\n', 11, 0],
    ['vitest with failures', '      Tests  2 failed | 9 passed (11)\n', 9, 2],
    [
      'vitest in colour',
      '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[32m11 passed\u001b[39m (11)\n',
      11,
      0,
    ],
    ['our own runners', 'ok\n3 passed, 1 failed\n', 3, 1],
    ['several', '3 passed, 0 failed\nTests  4 passed (4)\n', 7, 0],
    ['nothing', 'all good, 0 problems\n', 0, 0],
  ])('reads %s', (_, log, passed, failed) => {
    expect(countTests(log)).toEqual({ passed, failed });
  });
});

describe('sum-counts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sum-counts-'));
  /** @param {Record<string, string>} logs */
  const run = (logs) => {
    const files = Object.entries(logs).map(([name, log]) => {
      writeFileSync(join(folder, name), log);
      return join(folder, name);
    });
    return spawnSync(
      process.execPath,
      [fileURLToPath(new URL('sum-counts.mjs', import.meta.url)), ...files],
      { encoding: 'utf8' },
    );
  };

  it('adds up and ends with the sum', () => {
    const { stdout, status } = run({ a: '3 passed, 0 failed\n', b: 'Tests  4 passed (4)\n' });
    expect(stdout).toMatch(/\n7 passed, 0 failed\n$/);
    expect(status).toBe(0);
  });

  it('fails on a failed test', () => {
    expect(run({ a: '3 passed, 1 failed\n' }).status).toBe(1);
  });

  it('repeats what failed', () => {
    const log =
      ' \u001b[41m FAIL \u001b[49m test/a.test.ts > adds\nAssertionError: expected 1 to be 2\n' +
      'stack\n FAIL  test/a.test.ts > adds\nAssertionError: expected 1 to be 2\n Tests  1 failed (1)\n';
    const { stdout } = run({ a: log, b: 'FAIL onnx: no such op\n3 passed, 1 failed\n' });
    expect(stdout.match(/^ {2}FAIL.*$|^ {4}Assertion.*$/gm)).toEqual([
      '  FAIL  test/a.test.ts > adds',
      '    AssertionError: expected 1 to be 2',
      '  FAIL onnx: no such op',
    ]);
  });

  it('fails on a log in which nothing ran', () => {
    const { stdout, status } = run({ a: '3 passed, 0 failed\n', b: 'done\n' });
    expect(stdout).toMatch(/\n3 passed, 1 failed\n$/);
    expect(status).toBe(1);
  });
});
