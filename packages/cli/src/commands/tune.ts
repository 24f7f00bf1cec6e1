import { relative, resolve } from 'node:path';
import type { TuneResult } from '@snapshot-ensemble/ensemble-runtime';
import { Option, type Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { openBundle } from '../folders.ts';
import { textTable } from '../text-table.ts';
import { count } from '../values.ts';

interface TuneFlags {
  readonly seconds: number;
  readonly rows: number;
  readonly device: 'cpu' | 'cuda' | 'auto';
  readonly json?: true;
}

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Measures which workers, threads and spinning give the lowest latency for one row on this machine, and which the highest ' +
        'throughput. Writes the choice next to the bundle as tuning.json, where serve and loadEnsemble find it.',
    )
    .argument('<bundle>', 'folder of a bundle')
    .option('--seconds <count>', 'total time to measure, in seconds', count, 20)
    .option('--rows <count>', 'rows per request when measuring throughput', count, 64)
    .addOption(
      new Option('--device <name>', 'where the ensemble runs; auto takes CUDA where it works')
        .choices(['cpu', 'cuda', 'auto'])
        .default('cpu'),
    )
    .option('--json', 'print the measurements as JSON')
    .action(async (given: string, { json, ...options }: TuneFlags) => {
      const { bundle } = await openBundle(given, directory);
      await bundle.close();
      const { tune } = await import('@snapshot-ensemble/ensemble-runtime');
      progress('loading the bundle');
      const result = await tune(resolve(directory, given), {
        ...options,
        onRound: (done, rounds) => {
          progress(`measuring: round ${done} of ${rounds}`);
        },
      });
      print(
        json === true
          ? `${JSON.stringify(result, undefined, 2)}\n`
          : resultText(result, relative(directory, result.file)),
      );
    });
}

function resultText({ measured, choices }: TuneResult, file: string): string {
  const rows = measured.map(({ mode, workers, threads, spinning, value }) => {
    const chosen = choices[mode];
    const isChosen =
      chosen.workers === workers && chosen.threads === threads && chosen.spinning === spinning;
    return [
      mode,
      String(workers),
      String(threads),
      spinning ? 'yes' : 'no',
      mode === 'latency' ? `${value.toPrecision(3)} ms per row` : `${Math.round(value)} rows/s`,
      isChosen ? 'chosen' : '',
    ];
  });
  return `${textTable([['mode', 'workers', 'threads', 'spinning', 'measured', ''], ...rows])}Written to ${file}.\n`;
}
