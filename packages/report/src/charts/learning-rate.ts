import type { CyclePlan, Schedule } from '@snapshot-ensemble/schedules';
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
  const rates = typeof schedule === 'function' ? sample(plan, schedule) : recorded(schedule);
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'step',
    scale: { domain: [0, plan.totalSteps], nice: false },
  };
  const y = {
    field: 'learningRate',
    type: 'quantitative',
    title: 'learning rate',
    axis: { format: '.2~g' },
  };
  const detail = { field: 'cycle' };
  const isLine = typeof schedule === 'function';
  const curve = isLine
    ? [
        { mark: 'area', encoding: { x, y, detail } },
        { mark: 'line', encoding: { x, y, detail } },
      ]
    : [
        { mark: { type: 'line', strokeDash: [2, 4], opacity: 0.6 }, encoding: { x, y, detail } },
        { mark: { type: 'point', filled: true, size: 50 }, encoding: { x, y } },
      ];
  const rateAt = new Map(rates.map(({ step, learningRate }) => [step, learningRate]));
  const marks = snapshots.map((step) => ({ step: step - 1, learningRate: rateAt.get(step - 1) }));
  return {
    width: 800,
    height: 240,
    layer: [
      {
        data: { values: plan.cycles.slice(1).map(({ start }) => ({ step: start })) },
        mark: { type: 'rule', style: 'restart' },
        encoding: { x },
      },
      { data: { values: rates }, layer: curve },
      {
        data: { values: marks },
        mark: { type: 'point', filled: true, shape: 'diamond', size: 130, style: 'snapshot' },
        encoding: { x, y },
      },
    ],
  };
}

interface Rate {
  readonly cycle: number;
  readonly step: number;
  readonly learningRate: number;
}

/** At most this many points; more than a screen has pixels would only make the file larger. */
const maxPoints = 600;

/** First and last step of every cycle, and what lies between as densely as the budget of points allows. */
function sample({ totalSteps, cycles }: CyclePlan, schedule: Schedule): readonly Rate[] {
  const stride = Math.max(1, Math.ceil(totalSteps / maxPoints));
  return cycles.flatMap(({ index, start, end }) => {
    const inner = Array.from(
      { length: Math.ceil((end - 1 - start) / stride) },
      (_, k) => start + k * stride,
    );
    return [...inner, end - 1].map((step) => ({
      cycle: index,
      step,
      learningRate: schedule(step),
    }));
  });
}

function recorded(schedule: readonly RecordedCycle[]): readonly Rate[] {
  return schedule.flatMap(({ start, end, lrMax, lrEnd }, cycle) => [
    { cycle, step: start, learningRate: lrMax },
    { cycle, step: end - 1, learningRate: lrEnd },
  ]);
}
