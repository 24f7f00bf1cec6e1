import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSweep } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { afterAll, describe, expect, it } from 'vitest';
import { runs } from '../src/runs.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const cwd = mkdtempSync(join(tmpdir(), 'sweep-'));
afterAll(() => {
  rmSync(cwd, { recursive: true });
});

const start = (env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [main], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '0', ...env },
  });

describe('the sweep', () => {
  it('trains the run of a pod, then all others, and leaves what is finished alone', async () => {
    const pod = start({ JOB_COMPLETION_INDEX: '1' });
    expect(pod.stdout, pod.stderr).toContain('six-cycles-seed-1: 6 members in sweep/');
    expect(existsSync(join(cwd, 'sweep', runs[0]!.name))).toBe(false);
    const before = readFileSync(join(cwd, 'sweep/six-cycles-seed-1/manifest.json'), 'utf8');

    const { stdout, stderr, status } = start();
    expect(status, stderr).toBe(0);
    for (const { name } of runs) expect(stdout).toContain(`${name}: `);
    expect(readFileSync(join(cwd, 'sweep/six-cycles-seed-1/manifest.json'), 'utf8')).toBe(before);

    const { members, completed } = (await (
      await openSweep(fileBlobs(join(cwd, 'sweep')))
    ).readManifest())!;
    expect(completed).toBe(true);
    expect(new Set(members.map(({ id }) => id.split('/')[0])).size).toBe(runs.length);
    expect(members.every(({ metrics }) => Number.isFinite(metrics['val_loss']))).toBe(true);
  });

  it('refuses a number without a run', () => {
    const { status, stderr } = start({ JOB_COMPLETION_INDEX: '6' });
    expect(status).toBe(1);
    expect(stderr).toContain('JOB_COMPLETION_INDEX is 6; the runs are 0 to 5.');
  });

  it('is the job that the manifest asks for', () => {
    const job = readFileSync(new URL('../job.yaml', import.meta.url), 'utf8');
    expect(job).toContain(`completions: ${runs.length}\n`);
  });
});
