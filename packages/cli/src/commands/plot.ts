import { extname } from 'node:path';
import { Option, type Command } from 'commander';
import { describe } from '@snapshot-ensemble/schedules';
import { sparkline, visualizeLR } from '@snapshot-ensemble/schedules/pictures';
import type { Surroundings } from '../command.ts';
import { UsageError } from '../run-main.ts';
import { runFrom, type PlannedRun, type ScheduleFlags } from '../schedule-flags.ts';
import { textTable } from '../text-table.ts';
import { writeText } from '../write-files.ts';
import { count, notNegative, positive } from '../values.ts';

interface PlotFlags extends ScheduleFlags {
  readonly output?: string;
  readonly json?: true;
}

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Draws the learning rate of a plan, with the functions that training uses.\n' +
        'Budget: --total-steps, or --total-epochs with --steps-per-epoch.\n' +
        'Cycles: --cycles for equal ones, or --cycle-length for growing ones, in the unit of the budget.',
    )
    .option('--total-steps <count>', 'steps of the whole run', count)
    .option('--total-epochs <count>', 'epochs of the whole run', positive)
    .option('--steps-per-epoch <count>', 'steps in an epoch', count)
    .option('--cycles <count>', 'this many cycles of equal length (default: 5)', count)
    .option('--cycle-length <length>', 'length of the first cycle', positive)
    .option(
      '--cycle-length-multiplier <ratio>',
      'ratio of successive cycle lengths (default: 1.5)',
      positive,
    )
    .addOption(
      new Option(
        '--on-remainder <how>',
        'steps left over after whole cycles (default: fit)',
      ).choices(['fit', 'refuse']),
    )
    .option('--lr-init <rate>', 'highest learning rate of the first cycle', positive, 0.1)
    .option('--lr-min <rate>', 'lowest learning rate', notNegative, 0)
    .option('--lr-multiplier <ratio>', 'ratio of successive highest learning rates', positive, 1)
    .addOption(
      new Option('--curve <name>', 'shape of the fall')
        .choices(['cosine', 'linear'])
        .default('cosine'),
    )
    .option('-o, --output <file>', 'write .svg, .html or .json (Vega-Lite) instead of text')
    .option('--json', 'print the cycles as JSON')
    .action(async (flags: PlotFlags) => {
      const run = runFrom(flags);
      if (flags.output !== undefined) {
        await writeText(flags.output, surroundings.directory, await picture(run, flags.output));
        surroundings.print(`Wrote ${flags.output}\n`);
      } else surroundings.print(flags.json === true ? json(run) : text(run));
    });
}

async function picture({ plan, schedule }: PlannedRun, output: string): Promise<string> {
  const extension = extname(output).toLowerCase();
  if (extension === '.json')
    return `${JSON.stringify(visualizeLR(schedule, plan), undefined, 2)}\n`;
  const name = { '.svg': 'learning-rate.svg', '.html': 'report.html' }[extension];
  if (name === undefined)
    throw new UsageError(
      `plot: cannot write "${output}": the ending ${extension === '' ? 'is missing' : `"${extension}" is unknown`}. Name a file that ends in .svg, .html or .json.`,
    );
  const { runReport } = await import('@snapshot-ensemble/report');
  const snapshots = plan.cycles.map(({ end }) => end);
  const files = await runReport({ title: 'Learning-rate plan', plan, schedule, snapshots });
  return files[name] ?? '';
}

function json({ plan, schedule }: PlannedRun): string {
  const { totalSteps } = plan;
  return `${JSON.stringify({ totalSteps, cycles: describe(plan, schedule) }, undefined, 2)}\n`;
}

function text({ plan, schedule }: PlannedRun): string {
  const rows = describe(plan, schedule).map(({ index, start, end, length, lrMax, lrEnd }) => [
    String(index + 1),
    String(start),
    String(end - 1),
    String(length),
    short(lrMax),
    short(lrEnd),
  ]);
  const head = ['cycle', 'first step', 'last step', 'steps', 'highest rate', 'last rate'];
  return `${sparkline(schedule, plan, { width: 72, height: 4 })}\n\n${textTable([head, ...rows])}`;
}

function short(rate: number): string {
  return String(Number(rate.toPrecision(4)));
}
