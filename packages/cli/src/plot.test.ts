import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useFolder } from '../test/fixtures.ts';
import { runCli } from '../test/run-cli.ts';

const folder = useFolder();
const plot = (...flags: readonly string[]) =>
  runCli(['plot', ...flags], { directory: folder.path });

describe('plot', () => {
  // Four steps a cycle, falling linearly: by hand.
  const linear = ['--total-steps', '8', '--cycles', '2', '--curve', 'linear', '--lr-init', '0.4'];

  it('draws the terminal picture and the table', async () => {
    const { code, stdout, stderr } = await plot(...linear);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "█   █   
      ██  ██  
      ███ ███ 
      ████████

      cycle  first step  last step  steps  highest rate  last rate
      1               0          3      4           0.4        0.1
      2               4          7      4           0.4        0.1
      "
    `);
  });

  it('prints the cycles as JSON', async () => {
    const { stdout } = await plot(...linear, '--lr-multiplier', '0.5', '--json');
    expect(JSON.parse(stdout)).toEqual({
      totalSteps: 8,
      cycles: [
        { index: 0, start: 0, end: 4, length: 4, lrMax: 0.4, lrEnd: expect.closeTo(0.1, 12) },
        { index: 1, start: 4, end: 8, length: 4, lrMax: 0.2, lrEnd: expect.closeTo(0.05, 12) },
      ],
    });
  });

  it('plans growing cycles in epochs, with the ratio of the Python package', async () => {
    const { stdout } = await plot(
      ...['--total-epochs', '47.5', '--steps-per-epoch', '4', '--cycle-length', '10', '--json'],
    );
    // 10, 15, 22.5 epochs of four steps.
    const { cycles } = JSON.parse(stdout) as { cycles: { length: number }[] };
    expect(cycles.map(({ length }) => length)).toEqual([40, 60, 90]);
  });

  it.each([
    ['plot.svg', /^<svg .*<\/svg>$/s],
    ['plot.html', /^<!doctype html>.*<svg .*<\/html>/s],
    ['plot.json', /^\{\s*"\$schema": "https:\/\/vega\.github\.io\/schema\/vega-lite\/v6\.json"/],
  ])('writes %s', async (file, pattern) => {
    const { code, stdout } = await plot(...linear, '--output', file);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Wrote ${file}\n` });
    expect(await readFile(join(folder.path, file), 'utf8')).toMatch(pattern);
  });
});
