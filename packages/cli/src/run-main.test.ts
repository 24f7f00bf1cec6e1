import { describe, expect, it } from 'vitest';
import {
  CheckFailedError,
  EnvironmentError,
  type ExitCode,
  runMain,
  UsageError,
} from './run-main.ts';

async function outcome(work: () => Promise<void>, debug = false) {
  let text = '';
  const printError = (line: string): void => {
    text += line;
  };
  return { code: await runMain(work, { printError, debug }), text };
}

describe('runMain', () => {
  it('returns 0 and prints nothing after success', async () => {
    expect(await outcome(() => Promise.resolve())).toEqual({ code: 0, text: '' });
  });

  it.each<[string, unknown, string]>([
    ['a message of several lines', new Error('first\n  second\n'), 'error: first second\n'],
    ['an error without a message', new RangeError(), 'error: RangeError\n'],
    ['what is no error', 'just text', 'error: just text\n'],
  ])('puts %s on one line', async (_, thrown, text) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- other people's code throws anything.
    expect(await outcome(() => Promise.reject(thrown))).toEqual({ code: 1, text });
  });

  it.each<[string, Error, ExitCode]>([
    ['a failed check', new CheckFailedError('differs'), 1],
    ['an error that nobody foresaw', new TypeError('undefined is no function'), 1],
    ['wrong usage', new UsageError('no such flag'), 2],
    ['what is missing here', new EnvironmentError('not installed'), 3],
    ['a missing onnxruntime', Object.assign(new Error('x'), { code: 'runtime-missing' }), 3],
    ['a cause that is no error', new UsageError('x', { cause: { code: 'ENOSPC' } }), 2],
    [
      'a port in use, as a cause',
      new Error('x', { cause: Object.assign(new Error('y'), { code: 'EADDRINUSE' }) }),
      3,
    ],
  ])('has an exit code for %s', async (_, error, code) => {
    expect((await outcome(() => Promise.reject(error))).code).toBe(code);
  });

  it('shows stacks and causes on request', async () => {
    const error = new UsageError('outer', { cause: new Error('inner') });
    const { text } = await outcome(() => Promise.reject(error), true);
    expect(text).toMatch(
      /^error: outer\nUsageError: outer\n {4}at .*caused by: Error: inner\n {4}at /s,
    );
  });
});
