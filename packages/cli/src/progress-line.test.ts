import { describe, expect, it } from 'vitest';
import { progressLine } from './progress-line.ts';

function terminal(isTTY = true) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const write = (text: string): void => void written.push(text);
  return { written, clock, line: progressLine({ isTTY, columns: 10, write }, () => clock.ms) };
}

describe('progressLine', () => {
  it('says nothing in the first second, then one line that makes way', () => {
    const { written, clock, line } = terminal();
    clock.ms = 999;
    line.show('early');
    line.clear();
    expect(written).toEqual([]);
    clock.ms = 1_000;
    line.show('member 1 of 5');
    line.clear();
    line.clear();
    expect(written).toEqual(['\r\u001b[Kmember 1 ', '\r\u001b[K']);
  });

  it('says nothing to a file or a pipe', () => {
    const { written, clock, line } = terminal(false);
    clock.ms = 5_000;
    line.show('member 1 of 5');
    line.clear();
    expect(written).toEqual([]);
  });
});
