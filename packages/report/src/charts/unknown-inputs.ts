import type { UnknownInputs } from '../evidence.ts';
import type { PictureSpec } from '../render-svg.ts';
import { quantitative } from './quantitative.ts';

/** More bins than that and each is noise. */
const bins = 30;

/** One panel for each model: how its score falls for known and for unknown inputs. */
export function unknownInputsChart(models: readonly UnknownInputs[]): PictureSpec {
  return {
    columns: 2,
    spacing: { column: 72, row: 96 },
    bounds: 'flush',
    concat: models.map(unknownPanel),
    resolve: { scale: { color: 'shared' } },
  };
}

function unknownPanel({ name, score, known, unknown, threshold, names }: UnknownInputs): object {
  const [low, high] = range([known, unknown]);
  const shares = [
    ...histogram(known, low, high).map((bin) => ({ ...bin, inputs: names.known })),
    ...histogram(unknown, low, high).map((bin) => ({ ...bin, inputs: names.unknown })),
  ];
  const x = { ...quantitative('from', score, '.2~f'), scale: { domain: [low, high], nice: false } };
  const domain = [names.known, names.unknown];
  return {
    title: name,
    width: 352,
    height: 220,
    layer: [
      {
        data: { values: shares },
        mark: { type: 'rect', fillOpacity: 0.55, opacity: 1, stroke: null },
        encoding: {
          x,
          x2: { field: 'to' },
          y: { ...quantitative('share', 'share of the inputs', '.0%'), stack: null },
          y2: { datum: 0 },
          color: { field: 'inputs', type: 'nominal', scale: { domain } },
        },
      },
      ...(threshold === undefined
        ? []
        : [
            {
              data: { values: [{ from: threshold }] },
              mark: { type: 'rule', style: 'restart' },
              encoding: { x },
            },
          ]),
    ],
  };
}

/** Shares of the values in equal bins `[from, to)`; the last bin holds its end. */
export function histogram(
  values: ArrayLike<number>,
  low: number,
  high: number,
): readonly { readonly from: number; readonly to: number; readonly share: number }[] {
  const width = (high - low) / bins;
  const counts = Array<number>(bins).fill(0);
  for (const value of Array.from(values))
    counts[Math.min(bins - 1, Math.floor((value - low) / width))]! += 1;
  return counts.map((number, bin) => ({
    from: low + bin * width,
    to: low + (bin + 1) * width,
    share: number / values.length,
  }));
}

function range(lists: readonly ArrayLike<number>[]): readonly [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const values of lists)
    for (const value of Array.from(values)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return low < high ? [low, high] : [low, low + 1];
}
