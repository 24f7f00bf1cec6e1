import { resolve } from 'node:path';
import { collectRevisions } from '@snapshot-ensemble/ensemble-bundle/node';
import { collect } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import type { Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { inFolder, kindOf } from '../folders.ts';
import { bytes } from '../numbers.ts';

interface CollectFlags {
  readonly dryRun?: boolean;
  readonly json?: true;
}

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Removes what killed processes left in a snapshot store, or old revisions of a bundle. It leaves alone files that ' +
        'the run did not write, and revisions that a reader has open.',
    )
    .argument('<folder>', 'a snapshot store, e.g. Ensemble, or a bundle')
    .option('--dry-run', 'only print what it would remove')
    .option('--json', 'print the result as JSON')
    .action(async (folder: string, { dryRun = false, json }: CollectFlags) => {
      progress(`looking through ${folder}`);
      const place = resolve(directory, folder);
      const kind = await kindOf(folder, directory, ['store', 'bundle']);
      try {
        const [result, text] =
          kind === 'store' ? await fromStore(place, dryRun) : await fromBundle(place, dryRun);
        print(json ? `${JSON.stringify(result, undefined, 2)}\n` : text);
      } catch (error) {
        throw inFolder(folder, error);
      }
    });
}

async function fromStore(place: string, dryRun: boolean): Promise<[object, string]> {
  const found = await collect(fileBlobs(place), { dryRun });
  const removed = found.removed.map((info) => `${verb(dryRun)} ${info.key}, ${bytes(info.bytes)}`);
  const foreign = found.foreign.map(({ key }) => `Left alone: ${key}, which the run did not write`);
  return [found, textOf([...removed, ...foreign])];
}

async function fromBundle(place: string, dryRun: boolean): Promise<[object, string]> {
  const found = await collectRevisions(place, { dryRun });
  const removed = found.removed.map((revision) => `${verb(dryRun)} revision ${revision}`);
  const kept = found.kept.map(({ path, reason }) => `Kept ${path}: ${reason}`);
  return [found, textOf([...removed, ...kept])];
}

const verb = (dryRun: boolean): string => (dryRun ? 'Would remove' : 'Removed');

function textOf(lines: readonly string[]): string {
  return `${lines.length === 0 ? 'Nothing to collect.' : lines.join('\n')}\n`;
}
