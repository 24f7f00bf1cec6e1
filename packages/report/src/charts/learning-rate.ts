import { cycleAt, type CyclePlan, type Schedule } from '@snapshot-ensemble/schedules';
import { visualizeLR } from '@snapshot-ensemble/schedules/pictures';
import type { PictureSpec } from '../render-svg.ts';
import type { RecordedCycle, RunReport } from '../run.ts';

/**
 * Learning rate over the steps, restarts and snapshots marked: the line of the function that trained, or, where only
 * a store's record is left, the points it holds. Vega-Lite, plain JSON.
 */
export function learningRateChart({
  plan,
  schedule,
  snapshots,
}: Pick<RunReport, 'plan' | 'schedule' | 'snapshots'>): PictureSpec {
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'step',
    scale: { domain: [0, plan.totalSteps], nice: false },
  };
  const y = { field: 'learningRate', type: 'quantitative', title: 'learning rate' };
  const isFunction = typeof schedule === 'function';
  const rates = isFunction ? drawn(schedule, plan) : recorded(schedule);
  const rateAt = new Map(rates.map(({ step, learningRate }) => [step, learningRate]));
  const taken = snapshots.map((step) => ({
    step: step - 1,
    learningRate: isFunction ? schedule(step - 1) : rateAt.get(step - 1),
  }));
  const restarts = plan.cycles.slice(1).map(({ start }) => ({ step: start }));
  const at = { x, y, detail: { field: 'cycle' } };
  return {
    width: 800,
    height: 240,
    layer: [
      { data: { values: restarts }, mark: { type: 'rule', style: 'restart' }, encoding: { x } },
      { data: { values: rates }, encoding: at, layer: isFunction ? line : dots },
      {
        data: { values: taken.filter(({ learningRate }) => learningRate !== undefined) },
        mark: { type: 'point', filled: true, shape: 'diamond', size: 130, style: 'snapshot' },
        encoding: { x, y },
      },
    ],
  };
}

const line = [{ mark: 'area' }, { mark: 'line' }];
const dots = [
  { mark: { type: 'line', strokeDash: [6, 4], opacity: 0.6 } },
  { mark: { type: 'point', filled: true, size: 50, opacity: 1 } },
];

interface Rate {
  readonly cycle: number;
  readonly step: number;
  readonly learningRate: number;
}

/** About two points for three pixels of the picture. */
const points = 600;

/** The line of `visualizeLR`, cut at the restarts: a rate never jumps up on its own. */
function drawn(schedule: Schedule, plan: CyclePlan): readonly Rate[] {
  const layer = visualizeLR(schedule, plan, { points }).layer.find(
    ({ mark }) => mark['type'] === 'line',
  );
  return (layer?.data.values ?? []).map(({ step, learningRate }) => ({
    cycle: cycleAt(plan, step).index,
    step,
    learningRate,
  }));
}

function recorded(schedule: readonly RecordedCycle[]): readonly Rate[] {
  return schedule.flatMap(({ start, end, lrMax, lrEnd }, cycle) => [
    { cycle, step: start, learningRate: lrMax },
    { cycle, step: end - 1, learningRate: lrEnd },
  ]);
}
