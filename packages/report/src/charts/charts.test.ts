import { describe, expect, it } from 'vitest';
import { exampleRun } from '../../test/example-run.ts';
import type { PictureSpec } from '../render-svg.ts';
import { ensembleSizeChart } from './ensemble-size.ts';
import { historyChart } from './history.ts';
import { learningRateChart } from './learning-rate.ts';
import { histogram } from './unknown-inputs.ts';

type Row = Readonly<Record<string, unknown>>;

/** Rows of each layer of a picture. */
function rowsOf(spec: PictureSpec): readonly (readonly Row[])[] {
  const layers = spec['layer'] as readonly { readonly data: { readonly values: readonly Row[] } }[];
  return layers.map(({ data }) => data.values);
}

describe('learningRateChart', () => {
  const run = exampleRun();

  it('draws what the schedule returns, at the first and last step of every cycle too', () => {
    const [, rates = []] = rowsOf(learningRateChart(run));
    const schedule = run.schedule as (step: number) => number;
    for (const { step, learningRate } of rates) expect(learningRate).toBe(schedule(step as number));
    const steps = rates.map(({ step }) => step);
    expect(steps).toEqual(expect.arrayContaining([0, 19, 20, 39, 40, 59]));
  });

  it('marks restarts where cycles start and snapshots at the last update before them', () => {
    const [restarts, , snapshots] = rowsOf(learningRateChart(run));
    expect(restarts).toEqual([{ step: 20 }, { step: 40 }]);
    expect(snapshots?.map(({ step }) => step)).toEqual([19, 39, 59]);
  });

  it('draws only the recorded points of a run whose schedule is not at hand', () => {
    const schedule = [
      { start: 0, end: 20, lrMax: 0.1, lrEnd: 0.01 },
      { start: 20, end: 40, lrMax: 0.09, lrEnd: 0.009 },
      { start: 40, end: 60, lrMax: 0.08, lrEnd: 0.008 },
    ];
    const [, rates] = rowsOf(learningRateChart({ ...run, schedule }));
    expect(rates).toHaveLength(6);
    expect(rates?.[3]).toEqual({ cycle: 1, step: 39, learningRate: 0.009 });
  });
});

describe('historyChart', () => {
  it('has one panel for each metric, validation beside training', () => {
    const { history = [], plan } = exampleRun();
    const panels = historyChart({ history, plan, stepsPerEpoch: 30 })['concat'] as PictureSpec[];
    expect(panels).toHaveLength(2);
    const [restarts, losses] = rowsOf(panels[0]!);
    expect(restarts).toEqual([{ epoch: 20 / 30 }, { epoch: 40 / 30 }]);
    expect(losses).toEqual([
      { epoch: 1, data: 'training', value: 0.5 },
      { epoch: 1, data: 'validation', value: 0.4 },
      { epoch: 2, data: 'training', value: 0.3 },
      { epoch: 2, data: 'validation', value: 0.35 },
    ]);
  });

  it('leaves out what is not a number, as after a divergence', () => {
    const { plan } = exampleRun();
    const history = [{ epoch: 0, metrics: { loss: NaN } }];
    const [panel] = historyChart({ history, plan })['concat'] as PictureSpec[];
    expect(rowsOf(panel!)[1]).toEqual([]);
  });
});

describe('ensembleSizeChart', () => {
  it('puts each member at the size at which it joins: the newest first', () => {
    const [singles, members, ensembles] = rowsOf(ensembleSizeChart(exampleRun().results!));
    expect(singles?.map(({ value }) => value)).toEqual([0.15]);
    expect(members?.map(({ m, value }) => [m, value])).toEqual([
      [3, 0.3],
      [2, 0.2],
      [1, 0.18],
    ]);
    expect(ensembles?.map(({ m, value }) => [m, value])).toEqual([
      [1, 0.18],
      [2, 0.14],
      [3, 0.16],
    ]);
  });
});

describe('ensembleSizeChart of several rivals', () => {
  const rival = (name: string, error: number) => ({
    kind: 'single' as const,
    name,
    scores: { error },
  });
  const { results } = exampleRun();
  const rows = results!.rows.map((row) =>
    row.kind === 'ensemble' ? { ...row, intervals: { error: [0.1, 0.2] as const } } : row,
  );
  const spec = ensembleSizeChart({
    ...results!,
    rows: [rival('cosine', 0.15), rival('SWA', 0.13), ...rows.slice(1)],
  });

  it('names each', () => {
    const names = rowsOf(spec).flatMap((layer) => layer.map(({ what }) => what));
    expect(names).toEqual(expect.arrayContaining(['cosine', 'SWA']));
  });

  it('draws the intervals of the ensembles', () => {
    const bars = rowsOf(spec)[2];
    expect(bars).toHaveLength(3);
    expect(bars?.[0]).toMatchObject({ m: 1, low: 0.1, high: 0.2 });
  });
});

describe('histogram', () => {
  it('gives shares of equal bins, the last with its end', () => {
    const bins = histogram([0, 0.01, 0.5, 1], 0, 1);
    expect(bins).toHaveLength(30);
    expect(bins[0]).toEqual({ from: 0, to: 1 / 30, share: 0.5 });
    expect(bins[15]).toMatchObject({ share: 0.25 });
    expect(bins[29]).toMatchObject({ share: 0.25 });
  });
});
