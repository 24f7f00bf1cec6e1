import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { progressLine } from './progress-line.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function terminal(isTTY = true) {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  return { written, line: progressLine({ isTTY, columns: 10, write }) };
}

describe('progressLine', () => {
  it('waits a second, then shows what was said last, and makes way', () => {
    const { written, line } = terminal();
    line.show('member 1 of 5');
    vi.advanceTimersByTime(999);
    line.show('member 2 of 5');
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(written).toEqual(['\r\u001b[Kmember 2 ']);
    line.show('rest');
    line.clear();
    line.clear();
    expect(written.slice(1)).toEqual(['\r\u001b[Krest', '\r\u001b[K']);
  });

  it('stays away from work that ends within a second', () => {
    const { written, line } = terminal();
    line.show('quick');
    line.clear();
    vi.advanceTimersByTime(2_000);
    expect(written).toEqual([]);
  });

  it('says nothing to a file or a pipe', () => {
    const { written, line } = terminal(false);
    vi.advanceTimersByTime(5_000);
    line.show('member 1 of 5');
    vi.advanceTimersByTime(5_000);
    line.clear();
    expect(written).toEqual([]);
  });
});
