import type { PictureSpec } from '../render-svg.ts';
import type { Results } from '../run.ts';
import { scoreFormat } from '../scores.ts';

/**
 * A score of the ensembles of the last m members against m = 1 … M; the member that joins at each m; and the
 * single model of the same budget as a rule line. Vega-Lite, plain JSON.
 */
export function ensembleSizeChart({ rows, headline = 'error' }: Results): PictureSpec {
  const { label, picture } = scoreFormat(headline);
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const members = of('member');
  const points = [
    ...of('ensemble').map(({ size, scores }) => ({
      what: ensemble,
      m: size,
      value: scores[headline],
    })),
    ...members.map(({ name, scores }, index) => ({
      what: member,
      m: members.length - index,
      name,
      value: scores[headline],
    })),
  ];
  const singles = of('single').map(({ scores }) => ({ what: single, value: scores[headline] }));
  const sizes = members.length;
  const x = {
    field: 'm',
    type: 'quantitative',
    title: 'members in the ensemble: the last m',
    scale: { domain: [0.7, sizes + 0.3], nice: false },
    axis: { values: Array.from({ length: sizes }, (_, index) => index + 1), format: 'd' },
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    title: label,
    scale: { zero: false },
    axis: { format: picture },
  };
  // Color, shape and dash name the same three things, so that they share one legend and none needs color alone.
  const named = {
    color: { field: 'what', type: 'nominal', scale: { domain: series } },
    strokeDash: { field: 'what', type: 'nominal', scale: { domain: series, range: dashes } },
    shape: { field: 'what', type: 'nominal', scale: { domain: series, range: shapes } },
  };
  const { color, strokeDash, shape } = named;
  const where = (what: string) => ({ values: points.filter((point) => point.what === what) });
  return {
    width: 800,
    height: 280,
    layer: [
      {
        data: { values: singles },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { y, color, strokeDash },
      },
      {
        data: where(member),
        mark: { type: 'point', size: 70, filled: true, opacity: 1 },
        encoding: { x, y, color, shape },
      },
      {
        data: where(ensemble),
        mark: { type: 'line', strokeWidth: 2.5 },
        encoding: { x, y, color },
      },
      {
        data: where(ensemble),
        mark: { type: 'point', size: 90, filled: true, opacity: 1 },
        encoding: { x, y, color, shape },
      },
    ],
  };
}

const ensemble = 'ensemble of the last m';
const member = 'the member that joins at m';
const single = 'single model, same budget';
const series = [ensemble, member, single];
const shapes = ['circle', 'square', 'stroke'];
const dashes = [
  [1, 0],
  [1, 0],
  [6, 4],
];
