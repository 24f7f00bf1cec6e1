import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('..', import.meta.url));
let project: string;

const program = `
const plan = equalCycles({ totalSteps: 10, cycles: 2 });
const schedule = anneal(plan, { lrInit: 0.1 });
const twin = torchCosineAnnealingWarmRestarts({ lr: 0.1, T_0: 5 });
console.log(JSON.stringify([schedule(5), twin(5), sparkline(schedule, plan)]));
`;
const imports = [
  ['anneal, equalCycles', '@snapshot-ensemble/schedules'],
  ['torchCosineAnnealingWarmRestarts', '@snapshot-ensemble/schedules/compat'],
  ['sparkline', '@snapshot-ensemble/schedules/pictures'],
] as const;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'schedules-'));
  const installed = join(project, 'node_modules/@snapshot-ensemble/schedules');
  mkdirSync(installed, { recursive: true });
  const npm = ['pack', '--silent', '--ignore-scripts', '--pack-destination', project];
  execFileSync('npm', npm, { cwd: here, shell: process.platform === 'win32' });
  const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as {
    version: string;
  };
  const tarball = join(project, `snapshot-ensemble-schedules-${version}.tgz`);
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
});
afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

describe('the packed tarball, alone in an empty project', () => {
  it.each([
    [
      'import',
      'main.mjs',
      ([names, from]: (typeof imports)[number]) => `import { ${names} } from '${from}';`,
    ],
    [
      'require',
      'main.cjs',
      ([names, from]: (typeof imports)[number]) => `const { ${names} } = require('${from}');`,
    ],
  ])('runs by %s', (_, file, statement) => {
    writeFileSync(join(project, file), imports.map(statement).join('\n') + program);
    const output = execFileSync(process.execPath, ['--no-warnings', file], { cwd: project });
    expect(JSON.parse(output.toString())).toEqual([0.1, 0.1, '█▇▅▃▁█▇▅▃▁']);
  });

  it('has no dependencies', () => {
    const manifest = join(project, 'node_modules/@snapshot-ensemble/schedules/package.json');
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<
      string,
      unknown
    >;
    expect([dependencies, peerDependencies]).toEqual([undefined, undefined]);
  });
});
