import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RunReport } from '@snapshot-ensemble/report';
import type { Manifest } from '@snapshot-ensemble/snapshot-core';
import type { Surroundings } from '../command.ts';
import { openStore } from '../folders.ts';
import { count } from '../numbers.ts';
import { writeTexts } from '../write-files.ts';

interface ReportFlags {
  readonly output: string;
  readonly title?: string;
  readonly json?: true;
}

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Writes report.html and its pictures from what the store recorded about its run. The page works offline and without scripts.',
    )
    .argument('<store>', 'a snapshot store, e.g. Ensemble')
    .option('-o, --output <folder>', 'folder for the files', 'report')
    .option('--title <text>', 'heading of the page (default: the name of the store)')
    .option('--json', 'print the list of written files as JSON')
    .action(async (folder: string, { output, title, json }: ReportFlags) => {
      const { manifest } = await openStore(folder, directory);
      const { runReport } = await import('@snapshot-ensemble/report');
      progress('drawing the pictures');
      const files = await runReport({
        title: title ?? basename(resolve(directory, folder)),
        ...recorded(manifest),
      });
      const paths = await writeTexts(output, directory, files);
      print(
        json === true
          ? `${JSON.stringify({ files: paths }, undefined, 2)}\n`
          : `Wrote ${paths.join(', ')}\n`,
      );
    });
}

/** What a manifest knows of a run. Its members' metrics are from the training, so there is no verdict. */
function recorded(manifest: Manifest): Omit<RunReport, 'title'> {
  const { run, createdAt, completed, plan, schedule, members, versions } = manifest;
  const rows = members.map(({ cycle, step, metrics }) => ({
    kind: 'member' as const,
    name: `Cycle ${count(cycle + 1)}, step ${count(step)}`,
    scores: metrics,
  }));
  return {
    plan,
    schedule,
    snapshots: members.map(({ step }) => step),
    facts: [
      { name: 'Run', value: run },
      { name: 'Begun', value: createdAt.slice(0, 16).replace('T', ' ') + ' UTC' },
      { name: 'State', value: completed ? 'complete' : 'not complete' },
      { name: 'Members', value: count(members.length) },
      ...Object.entries(versions).map(([name, value]) => ({ name, value })),
    ],
    ...(rows.some(({ scores }) => Object.keys(scores).length > 0) && {
      results: { rows, data: 'the training data, as the run reported it' },
    }),
  };
}
