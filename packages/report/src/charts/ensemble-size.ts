import type { PictureSpec } from '../render-svg.ts';
import type { ResultRow, Results } from '../run.ts';
import { scoreFormat } from '../scores.ts';

/**
 * A score of the ensembles of the last m members against m = 1 … M; the member that joins at each m; and the
 * single model of the same budget as a rule line. Vega-Lite, plain JSON.
 */
export function ensembleSizeChart(results: Results): PictureSpec {
  const { headline = 'error' } = results;
  const { label, picture } = scoreFormat(headline);
  const points = pointsOf(results.rows, headline);
  const largest = Math.max(...points.map(({ m = 1 }) => m));
  const x = {
    field: 'm',
    type: 'quantitative',
    title: 'members in the ensemble: the last m',
    scale: { domain: [0.7, largest + 0.3], nice: false },
    axis: { values: Array.from({ length: largest }, (_, index) => index + 1), format: 'd' },
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    title: label,
    scale: { zero: false },
    axis: { format: picture },
  };
  const where = (what: string) => points.filter((point) => point.what === what);
  const layer = (values: readonly Point[], mark: object, encoding: object) => ({
    data: { values },
    mark: { opacity: 1, ...mark },
    encoding,
  });
  return {
    width: 800,
    height: 280,
    layer: [
      ...where(single).map((point) =>
        layer([point], { type: 'rule', strokeWidth: 2 }, { y, color, strokeDash }),
      ),
      layer(where(member), { type: 'point', size: 70, filled: true }, { x, y, color, shape }),
      layer(where(ensemble), { type: 'line', strokeWidth: 2.5 }, { x, y, color }),
      layer(where(ensemble), { type: 'point', size: 90, filled: true }, { x, y, color, shape }),
    ],
  };
}

interface Point {
  readonly what: string;
  /** Absent where the score does not depend on it. */
  readonly m?: number | undefined;
  readonly value: number | undefined;
}

const ensemble = 'ensemble of the last m';
const member = 'the member that joins at m';
const single = 'single model, same budget';

function pointsOf(rows: readonly ResultRow[], headline: string): readonly Point[] {
  const members = rows.filter(({ kind }) => kind === 'member');
  return rows.map((row) => {
    const value = row.scores[headline];
    if (row.kind === 'single') return { what: single, value };
    if (row.kind === 'ensemble') return { what: ensemble, m: row.size, value };
    // The newest is in every ensemble, the oldest only in the largest.
    return { what: member, m: members.length - members.indexOf(row), value };
  });
}

// Color, shape and dash name the same three things, so that they share one legend and none needs color alone.
const domain = [ensemble, member, single];
const color = { field: 'what', type: 'nominal', scale: { domain } };
const strokeDash = {
  ...color,
  scale: {
    domain,
    range: [
      [1, 0],
      [1, 0],
      [6, 4],
    ],
  },
};
const shape = { ...color, scale: { domain, range: ['circle', 'square', 'stroke'] } };
