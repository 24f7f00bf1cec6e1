import { resolve } from 'node:path';
import { repair, type Repair } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import type { Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { inFolder, requireFolder } from '../folders.ts';
import { plural } from '../numbers.ts';

interface RepairFlags {
  readonly dryRun?: boolean;
  readonly json?: true;
}

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Makes a snapshot store usable again: rebuilds a manifest that is missing or damaged from its ' +
        'members, and takes damaged members out of the run. Removes no files.',
    )
    .argument('<folder>', 'a snapshot store, e.g. Ensemble')
    .option('--dry-run', 'only print what it would do')
    .option('--json', 'print the result as JSON')
    .action(async (folder: string, { dryRun = false, json }: RepairFlags) => {
      progress(`reading ${folder}`);
      await requireFolder(folder, directory);
      try {
        const repaired = await repair(fileBlobs(resolve(directory, folder)), { dryRun });
        print(json ? `${JSON.stringify(repaired, undefined, 2)}\n` : repairText(repaired, dryRun));
      } catch (error) {
        throw inFolder(folder, error);
      }
    });
}

function repairText(
  { manifest, isRebuilt, dropped, damagedManifest }: Repair,
  dryRun: boolean,
): string {
  const { members, checkpoint } = manifest;
  const holds = `${plural(members.length, 'member')} and ${checkpoint === null ? 'no' : 'a'} checkpoint`;
  const lines = dropped.map(
    ({ key, code }) =>
      `Taken out of the run: "${key}", which is ${code === 'not-found' ? 'missing' : 'damaged'}.`,
  );
  if (!isRebuilt && dropped.length > 0) lines.push(`The run is left with ${holds}.`);
  if (isRebuilt) lines.push(`The manifest was rebuilt: run ${manifest.run} with ${holds}.`);
  if (damagedManifest !== undefined) lines.push(`The damaged one is kept as ${damagedManifest}.`);
  if (lines.length === 0) lines.push(`Nothing to repair: ${holds} are intact.`);
  if (dryRun) lines.push('Dry run: nothing was changed.');
  return `${lines.join('\n')}\n`;
}
