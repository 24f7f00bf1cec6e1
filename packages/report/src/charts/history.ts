import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type { PictureSpec } from '../render-svg.ts';
import type { EpochRecord } from '../run.ts';
import { scoreFormat } from '../scores.ts';

const validationPrefix = 'val_';

export interface HistoryChartOptions {
  readonly history: readonly EpochRecord[];
  readonly plan: CyclePlan;
  readonly stepsPerEpoch?: number;
}

/** One panel for each metric over the epochs, training and validation, restarts marked. Vega-Lite, plain JSON. */
export function historyChart({ history, plan, stepsPerEpoch }: HistoryChartOptions): PictureSpec {
  const restarts =
    stepsPerEpoch === undefined
      ? []
      : plan.cycles.slice(1).map(({ start }) => ({ epoch: start / stepsPerEpoch }));
  const panels = metricNames(history).map((metric) => panel(metric, history, restarts));
  return {
    columns: 2,
    spacing: { column: 72, row: 96 },
    bounds: 'flush',
    concat: panels,
    resolve: { scale: { color: 'shared' } },
  };
}

/** More epochs than that and their dots run into each other. */
const maxDots = 40;

/** Names without `val_`, in order of first appearance. */
export function metricNames(history: readonly EpochRecord[]): readonly string[] {
  const names = history.flatMap(({ metrics }) => Object.keys(metrics));
  return [...new Set(names.map((name) => name.replace(validationPrefix, '')))];
}

function panel(
  metric: string,
  history: readonly EpochRecord[],
  restarts: readonly { readonly epoch: number }[],
): PictureSpec {
  const { label, picture } = scoreFormat(metric);
  const values = history.flatMap(({ epoch, metrics }) => [
    { epoch: epoch + 1, data: 'training', value: metrics[metric] },
    { epoch: epoch + 1, data: 'validation', value: metrics[validationPrefix + metric] },
  ]);
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: 'epochs done',
    scale: { domain: [0, Math.max(...history.map(({ epoch }) => epoch + 1))], nice: false },
    axis: { tickMinStep: 1, format: 'd' },
  };
  return {
    width: 352,
    height: 220,
    layer: [
      { data: { values: restarts }, mark: { type: 'rule', style: 'restart' }, encoding: { x } },
      {
        data: { values: values.filter(({ value }) => Number.isFinite(value)) },
        mark: { type: 'line', point: history.length <= maxDots && { filled: true, size: 28 } },
        encoding: {
          x,
          y: {
            field: 'value',
            type: 'quantitative',
            title: label,
            scale: { zero: false },
            axis: { format: picture, ...titleAbove },
          },
          color: {
            field: 'data',
            type: 'nominal',
            scale: { domain: ['training', 'validation'] },
          },
        },
      },
    ],
  };
}

const titleAbove = {
  titleAlign: 'left',
  titleAngle: 0,
  titleFontSize: 13,
  titleFontWeight: 600,
  titleX: 0,
  titleY: -16,
};
