import { type CyclePlan, cycleAt, type Schedule } from '@snapshot-ensemble/schedules';
import type { Metrics, TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import { SingleBar } from 'cli-progress';

/** Where the demo writes. */
export interface Screen {
  readonly isTerminal: boolean;
  print(line: string): void;
}

/** Reading a loss waits for the device; so often it costs nothing that one would notice. */
const STEPS_BETWEEN_READINGS = 25;

/**
 * Shows loss, accuracy, learning rate and cycle while it trains: a bar where there is a terminal, else a line at each
 * end of an epoch.
 */
export function showProgress(
  screen: Screen,
  title: string,
  { plan, schedule }: { readonly plan: CyclePlan; readonly schedule: Schedule },
): TrainingCallback {
  return screen.isTerminal ? bar(title, plan, schedule) : lines(screen, plan, schedule);
}

function bar(title: string, plan: CyclePlan, schedule: Schedule): TrainingCallback {
  const view = new SingleBar({
    format: `${title.padEnd(18)} {bar} {percentage} % | {eta_formatted} left | {facts}`,
    barsize: 24,
    hideCursor: true,
    etaBuffer: 200,
  });
  let metrics: Metrics = {};
  const facts = (step: number) => ({ facts: describe(plan, schedule, step, metrics) });
  return {
    name: 'show-progress',
    onTrainBegin({ step, totalSteps }) {
      view.start(totalSteps, step, facts(step));
    },
    async onStepEnd({ step, readMetrics }) {
      if (step % STEPS_BETWEEN_READINGS === 0) metrics = await readMetrics();
      view.update(step + 1, facts(step));
    },
    onEpochEnd({ metrics: ofEpoch }) {
      metrics = ofEpoch;
    },
    onTrainEnd() {
      view.stop();
    },
  };
}

function lines(screen: Screen, plan: CyclePlan, schedule: Schedule): TrainingCallback {
  return {
    name: 'show-progress',
    onEpochEnd({ step, epoch, totalSteps, stepsPerEpoch, metrics }) {
      const epochs = Math.ceil(totalSteps / stepsPerEpoch);
      screen.print(`  epoch ${epoch + 1}/${epochs}  ${describe(plan, schedule, step, metrics)}`);
    },
  };
}

function describe(plan: CyclePlan, schedule: Schedule, step: number, metrics: Metrics): string {
  const at = Math.min(step, plan.totalSteps - 1);
  const number = (name: string, digits: number) => metrics[name]?.toFixed(digits) ?? '–';
  return [
    `loss ${number('loss', 4)}`,
    `accuracy ${number('acc', 4)}`,
    `learning rate ${schedule(at).toFixed(5)}`,
    `cycle ${cycleAt(plan, at).index + 1}/${plan.cycles.length}`,
  ].join('  ');
}
