import type { PictureSpec } from '../render-svg.ts';
import type { ResultRow, Results } from '../run.ts';
import { scoreFormat } from '../scores.ts';

/**
 * A score of the ensembles of the last m members against m = 1 … M, with its interval where the rows have one; the
 * member that joins at each m; and each single model as a rule line. Vega-Lite, plain JSON.
 */
export function ensembleSizeChart(
  results: Results,
  headline: string = results.headline ?? 'error',
): PictureSpec {
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
  const singles = points.filter(({ kind }) => kind === 'single');
  const { color, strokeDash, shape } = encodingsOf(singles.map(({ what }) => what));
  const where = (kind: ResultRow['kind']) => points.filter((point) => point.kind === kind);
  const layer = (values: readonly Point[], mark: object, encoding: object) => ({
    data: { values },
    mark: { opacity: 1, ...mark },
    encoding,
  });
  const known = where('ensemble').filter(({ low }) => low !== undefined);
  return {
    width: 800,
    height: 280,
    layer: [
      ...singles.map((point) =>
        layer([point], { type: 'rule', strokeWidth: 2 }, { y, color, strokeDash }),
      ),
      ...(known.length === 0
        ? []
        : [
            layer(
              known,
              { type: 'rule', strokeWidth: 1.5 },
              { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
            ),
          ]),
      layer(where('member'), { type: 'point', size: 70, filled: true }, { x, y, color, shape }),
      layer(where('ensemble'), { type: 'line', strokeWidth: 2.5 }, { x, y, color }),
      layer(where('ensemble'), { type: 'point', size: 90, filled: true }, { x, y, color, shape }),
    ],
  };
}

interface Point {
  readonly kind: ResultRow['kind'];
  readonly what: string;
  /** Absent where the score does not depend on it. */
  readonly m?: number | undefined;
  readonly value: number | undefined;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

const ensemble = 'ensemble of the last m';
const member = 'the member that joins at m';

function pointsOf(rows: readonly ResultRow[], headline: string): readonly Point[] {
  const members = rows.filter(({ kind }) => kind === 'member');
  return rows.map((row) => {
    const { kind } = row;
    const value = row.scores[headline];
    if (kind === 'single') return { kind, what: row.name, value };
    if (kind === 'ensemble') {
      const [low, high] = row.intervals?.[headline] ?? [];
      return { kind, what: ensemble, m: row.size, value, ...(low !== undefined && { low, high }) };
    }
    // The newest is in every ensemble, the oldest only in the largest.
    return { kind, what: member, m: members.length - members.indexOf(row), value };
  });
}

/** Color, shape and dash name the same things, so that they share one legend and none needs color alone. */
function encodingsOf(singles: readonly string[]): Readonly<Record<string, object>> {
  const domain = [ensemble, member, ...singles];
  const color = { field: 'what', type: 'nominal', scale: { domain } };
  const solid = [1, 0];
  const dashes = [
    [6, 4],
    [2, 3],
    [10, 3, 2, 3],
    [14, 4],
    [4, 2, 1, 2],
  ];
  const range = [solid, solid, ...singles.map((_, index) => dashes[index % dashes.length]!)];
  return {
    color,
    strokeDash: { ...color, scale: { domain, range } },
    shape: {
      ...color,
      scale: { domain, range: ['circle', 'square', ...singles.map(() => 'stroke')] },
    },
  };
}
