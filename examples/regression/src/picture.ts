import type { CurveResult } from './curve.ts';

/** A Vega-Lite specification: the data, the true curve, the ensemble's mean and its band. */
export function bandPicture({ points, data }: CurveResult): object {
  const x = { field: 'x', type: 'quantitative' };
  const y = (field: string): object => ({ field, type: 'quantitative', title: 'y' });
  return {
    width: 560,
    height: 320,
    data: { values: points },
    layer: [
      {
        mark: { type: 'area', opacity: 0.3, clip: true },
        encoding: { x, y: { ...y('low'), scale: { domain: [-4, 4] } }, y2: { field: 'high' } },
      },
      { mark: { type: 'line', clip: true }, encoding: { x, y: y('mean') } },
      { mark: { type: 'line', strokeDash: [4, 4], color: 'grey' }, encoding: { x, y: y('truth') } },
      { data: { values: data }, mark: { type: 'point', size: 12 }, encoding: { x, y: y('y') } },
    ],
  };
}
