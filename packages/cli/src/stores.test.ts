import { readFile, rm, truncate, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { copyWithFlippedByte, useFolder } from '../test/fixtures.ts';
import { runCli } from '../test/run-cli.ts';

const folder = useFolder();
const inside = (...names: string[]): string => join(folder.path, ...names);
const cli = (...argv: readonly string[]) => runCli(argv, { directory: folder.path });

let key: string;
beforeAll(async () => {
  const manifest = await createSnapshotStore(fileBlobs(inside('Ensemble'))).readManifest();
  key = manifest!.members[1]!.key;
});

describe('inspect of a store', () => {
  it('tells run, model, plan and members', async () => {
    const { code, stdout, stderr } = await cli('inspect', 'Ensemble');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const run = /run +(\w+),/.exec(stdout)![1]!;
    const stable = stdout
      .replaceAll(run, 'run')
      .replace(/begun \S+,/, 'begun …,')
      .replaceAll(/(step-\d+)-\w+/g, '$1-…');
    expect(stable).toMatchInlineSnapshot(`
      "run         run, begun …, complete
      model       tfjs-layers-model, 9 values in 2 tensors
      plan        300 steps in 3 cycles
      checkpoint  none
      members     3

      member                      cycle  step   last rate    loss  val_acc    size  checksum
      step-00000100-…      1   100  0.00002467     0.5      0.9  1.1 kB        ok
      step-00000200-…      2   200  0.00002467    0.25     0.91  1.1 kB        ok
      step-00000300-…      3   300  0.00002467  0.1667     0.92  1.1 kB        ok
      "
    `);
  });

  it('prints the manifest as JSON', async () => {
    const { stdout } = await cli('inspect', 'Ensemble', '--json');
    const { kind, intact, manifest } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ kind, intact }).toEqual({ kind: 'store', intact: true });
    const file = await readFile(inside('Ensemble/manifest.json'), 'utf8');
    expect(JSON.parse(file)).toMatchObject(manifest as object);
  });

  it.each<[string, (store: string) => Promise<void>, string]>([
    ['changed', (store) => copyWithFlippedByte(inside('Ensemble'), store, key), 'its SHA-256 is'],
    [
      'cut',
      async (store) => {
        await cp(inside('Ensemble'), store, { recursive: true });
        await truncate(join(store, key), 100);
      },
      'it has 100 bytes, the manifest says ',
    ],
    [
      'missing',
      async (store) => {
        await cp(inside('Ensemble'), store, { recursive: true });
        await rm(join(store, key));
      },
      'it is missing',
    ],
  ])(
    'names a member that is %s, says what to do, and shows the others',
    async (name, damage, fault) => {
      await damage(inside(name));
      const { code, stdout, stderr } = await cli('inspect', name);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: [^\n]*\n$/);
      expect(stderr).toContain(`in "${name}": "${key}" is damaged: ${fault}`);
      expect(stderr).toContain('Restore it from a copy');
      expect(stdout.match(/ (ok|DAMAGED)$/gm)).toEqual([' ok', ' DAMAGED', ' ok']);
    },
  );

  it('names a damaged topology', async () => {
    await copyWithFlippedByte(inside('Ensemble'), inside('bad-topology'), 'topology.json');
    const { code, stderr } = await cli('inspect', 'bad-topology');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: in "bad-topology": "topology\.json" is damaged: [^\n]*\n$/);
  });

  it('names a manifest that was cut', async () => {
    await cp(inside('Ensemble'), inside('cut-manifest'), { recursive: true });
    await truncate(inside('cut-manifest/manifest.json'), 100);
    const { code, stdout, stderr } = await cli('inspect', 'cut-manifest');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: in "cut-manifest": "manifest\.json" is not [^\n]*\n$/);
  });
});

describe('verify, repair and collect of a store', () => {
  it('compares every checksum', async () => {
    const { code, stdout } = await cli('verify', 'Ensemble');
    expect({ code, stdout: stdout.replace(/[\d.]+ \w+ match/, '… match') }).toEqual({
      code: 0,
      stdout: '3 members; … match the manifest, 0 faults.\n',
    });
    await copyWithFlippedByte(inside('Ensemble'), inside('flipped'), key);
    const flipped = await cli('verify', 'flipped');
    expect(flipped.code).toBe(1);
    expect(flipped.stderr).toContain(`in "flipped": "${key}" is damaged: its SHA-256 is`);
    expect(flipped.stderr).toContain('or run "npx snapshot-ensemble repair flipped"');
  });

  it('rebuilds a manifest that is gone, after a dry run', async () => {
    await cp(inside('Ensemble'), inside('lost'), { recursive: true });
    await rm(inside('lost/manifest.json'));
    const dry = await cli('repair', 'lost', '--dry-run');
    expect(dry.stdout).toMatch(/rebuilt: run \w+ with 3 members and no checkpoint/);
    expect((await cli('inspect', 'lost')).code).toBe(2);
    expect((await cli('repair', 'lost')).code).toBe(0);
    const { stdout } = await cli('inspect', 'lost', '--json');
    expect(stdout).toBe((await cli('inspect', 'Ensemble', '--json')).stdout);
    expect((await cli('repair', 'lost')).stdout).toBe(
      'Nothing to repair: 3 members and no checkpoint are intact.\n',
    );
    expect((await cli('repair', 'nowhere')).stderr).toMatch(/^error: there is no folder "nowhere"/);
  });

  it('takes a damaged member out', async () => {
    await copyWithFlippedByte(inside('Ensemble'), inside('damaged'), key);
    expect((await cli('repair', 'damaged')).stdout).toBe(
      `Taken out of the run: "${key}", which is damaged.\nThe run is left with 2 members and no checkpoint.\n`,
    );
    expect((await cli('verify', 'damaged')).stdout).toMatch(/^2 members; .*, 0 faults\.$/m);
  });

  it('collects only what the run left', async () => {
    await cp(inside('Ensemble'), inside('left'), { recursive: true });
    const place = inside('left/manifest.json');
    const manifest = JSON.parse(await readFile(place, 'utf8')) as { members: { key: string }[] };
    const members = manifest.members.filter((member) => member.key !== key);
    await writeFile(place, JSON.stringify({ ...manifest, members }));
    await writeFile(inside('left/members/holiday.jpg'), 'not ours');
    const dry = await cli('collect', 'left', '--dry-run');
    expect(dry.stdout).toContain(`Would remove ${key}`);
    expect(dry.stdout).toContain('Left alone: members/holiday.jpg, which the run did not write');
    expect((await cli('collect', 'left')).stdout).toContain(`Removed ${key}`);
    expect(await readFile(inside('left/members/holiday.jpg'), 'utf8')).toBe('not ours');
  });
});

describe('report of a store', () => {
  it('writes the page and the picture of what was recorded', async () => {
    const { code, stdout } = await cli('report', 'Ensemble', '--title', 'Tiny & small');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Wrote report/report.html, report/learning-rate.svg\n',
    });
    const page = await readFile(inside('report/report.html'), 'utf8');
    expect(page).toContain('<h1>Tiny &amp; small</h1>');
    expect(page).toContain('Cycle 3, step 300');
    expect(page).toContain('Only the points were recorded');
  });
});

describe('export of a store', () => {
  it('refuses a damaged member, naming it, and leaves no bundle', async () => {
    await copyWithFlippedByte(inside('Ensemble'), inside('damaged'), key);
    const { code, stderr } = await cli('export', 'damaged', '--out', 'never');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: in "damaged": [^\n]*\n$/);
    expect(stderr).toContain(key);
    expect((await cli('inspect', 'never')).stderr).toContain('there is no folder "never"');
  });
});
