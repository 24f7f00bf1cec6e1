import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** TensorFlow.js draws weights and shuffles by Math.random: here it gives the same numbers in every run. TEST_SEED=2 gives others. */
const seeded = `data:text/javascript,${encodeURIComponent(`
let state = ${Number(process.env['TEST_SEED'] ?? 1)};
Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
`)}`;

/** Runs a built example in an empty folder, as often as asked, and returns what it printed last. */
function run(name: string, times = 1): string {
  const cwd = mkdtempSync(join(tmpdir(), `${name}-`));
  let printed = '';
  for (let time = 0; time < times; time += 1) {
    const main = fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', seeded, main], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, FORCE_COLOR: '0' },
    });
    expect(status, stderr).toBe(0);
    printed = stdout;
  }
  rmSync(cwd, { recursive: true });
  return printed;
}

const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1]);

describe('the examples', () => {
  it('quickstart: trains, judges, exports, predicts, in 40 lines', () => {
    const source = readFileSync(new URL('../src/quickstart.ts', import.meta.url), 'utf8');
    const code = source.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'));
    expect(code.length).toBeLessThanOrEqual(40);
    expect(run('quickstart')).toMatch(/class probabilities of \(1, 1\) and \(-1, 1\): /);
  });

  it('custom-loop: four members, and nothing left to do in a second run', () => {
    expect(run('custom-loop', 2)).toMatch(/^320 steps, 4 members\. /);
  });

  it('transfer-learning: some 200 images are enough with a backbone', () => {
    expect(number(/from \d+ images: ([\d.]+)/, run('transfer-learning'))).toBeGreaterThan(0.75);
  });

  it('sequence: learns from padded rows, and the exported graph knows the mask', () => {
    const printed = run('sequence');
    expect(number(/accuracy: ([\d.]+)/, printed)).toBeGreaterThan(0.8);
    expect(number(/probability ([\d.]+)/, printed)).toBeGreaterThan(0.5);
  });

  it('tabular: an error not far above the noise', () => {
    expect(number(/error: (\d+)/, run('tabular'))).toBeLessThan(110);
  });
});
