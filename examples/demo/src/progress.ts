import { type CyclePlan, cycleAt, type Schedule } from '@snapshot-ensemble/schedules';
import {
  type Metrics,
  type ProgressReport,
  reportProgress,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import { SingleBar } from 'cli-progress';

/** Where the demo writes. */
export interface Screen {
  readonly isTerminal: boolean;
  print(line: string): void;
}

/** Reading a loss waits for the device; so often it costs nothing that one would notice. */
const STEPS_BETWEEN_READINGS = 20;

/** Loss, accuracy, learning rate and cycle while it trains: a bar in a terminal, elsewhere a line for each epoch. */
export function showProgress(
  screen: Screen,
  title: string,
  { plan, schedule }: { readonly plan: CyclePlan; readonly schedule: Schedule },
): TrainingCallback {
  const facts = (updates: number, metrics: Metrics | undefined) =>
    describe(plan, schedule, Math.max(updates - 1, 0), metrics);
  if (screen.isTerminal)
    return reportProgress(barSink(title, facts), {
      everySteps: STEPS_BETWEEN_READINGS,
      withStepMetrics: true,
    });
  return reportProgress(({ kind, step, epoch, metrics }) => {
    if (kind === 'epoch') screen.print(`  epoch ${epoch + 1}  ${facts(step, metrics)}`);
  });
}

type DescribeUpdates = (updates: number, metrics: Metrics | undefined) => string;

function barSink(title: string, facts: DescribeUpdates): (report: ProgressReport) => void {
  const bar = new SingleBar({
    format: `  ${title.padEnd(17)} {bar} {percentage} %  {left}  {facts}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 20,
    hideCursor: true,
  });
  return ({ kind, step, totalSteps, metrics, remainingMs = 0 }) => {
    const payload = {
      facts: facts(step, metrics),
      left: `${Math.ceil(remainingMs / 1000)} s left`,
    };
    if (kind === 'begin') bar.start(totalSteps, step, payload);
    else if (kind === 'end') bar.stop();
    else bar.update(step, payload);
  };
}

function describe(
  plan: CyclePlan,
  schedule: Schedule,
  step: number,
  metrics: Metrics = {},
): string {
  const number = (name: string) => metrics[name]?.toFixed(4) ?? '–';
  return [
    `loss ${number('loss')}`,
    `accuracy ${number('acc')}`,
    `learning rate ${schedule(step).toFixed(5)}`,
    `cycle ${cycleAt(plan, step).index + 1}/${plan.cycles.length}`,
  ].join('  ');
}
