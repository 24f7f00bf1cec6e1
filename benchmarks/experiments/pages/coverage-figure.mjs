// @ts-check
import { best, independent, isSingle, mean, snapshots } from '../results.mjs';
import { nameOf } from './format.mjs';

const COVERAGES = [50, 60, 70, 80, 90, 95];

/** The error among the surest rows: a Vega-Lite specification. @param {import('../results.mjs').Group} group */
export function coverageFigure({ configs }) {
  const chosen = [
    best(configs, snapshots()),
    best(configs, isSingle),
    best(configs, ({ settings }) => settings.method === 'cosine'),
    best(configs, independent(3)),
  ].filter((config) => config !== undefined);
  const values = chosen.flatMap(({ settings, members, scores }) =>
    [...COVERAGES, 100].map((share) => ({
      name: nameOf(settings, members),
      coverage: share / 100,
      risk: mean(share === 100 ? scores.error : scores[`errorAt${share}`]),
    })),
  );
  const domain = [...new Set(values.map(({ name }) => name))];
  const name = {
    field: 'name',
    type: 'nominal',
    title: null,
    scale: { domain },
    legend: { symbolType: 'stroke', symbolSize: 400 },
  };
  return {
    width: 800,
    height: 280,
    data: { values },
    mark: { type: 'line', point: true, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'coverage',
        type: 'quantitative',
        title: 'share of the rows that are answered, the surest first',
        axis: { format: '.0%' },
        scale: { zero: false },
      },
      y: {
        field: 'risk',
        type: 'quantitative',
        title: 'error among them',
        axis: { format: '.1%' },
      },
      color: name,
      strokeDash: {
        ...name,
        scale: {
          domain,
          range: [
            [1, 0],
            [6, 3],
            [2, 2],
            [8, 2, 2, 2],
          ],
        },
      },
    },
  };
}

/** @param {import('../results.mjs').Group} group */
export function hasCoverage({ configs }) {
  return best(configs, snapshots())?.scores.errorAt50 !== undefined;
}
