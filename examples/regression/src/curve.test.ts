import { renderSvg } from '@snapshot-ensemble/report';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CurveResult, fitCurve } from './curve.ts';
import { bandPicture } from './picture.ts';

let result: CurveResult;

beforeAll(async () => {
  await tf.setBackend('cpu');
  result = await fitCurve();
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const within = (from: number, to: number): CurveResult['points'] =>
  result.points.filter(({ x }) => x >= from && x <= to);

describe('the regression example', () => {
  it('follows the curve where there are data', () => {
    const errors = within(-1.4, -0.1).map((point) => Math.abs(point.mean - point.truth));
    expect(mean(errors)).toBeLessThan(0.2);
  });

  it('is less sure where there are none', () => {
    const deviation = (points: CurveResult['points']): number =>
      mean(points.map((point) => point.deviation));
    expect(deviation(within(1.7, 2))).toBeGreaterThan(1.5 * deviation(within(-1.4, -0.1)));
  });

  it('draws its band', async () => {
    expect(await renderSvg(bandPicture(result))).toContain('<svg');
  });
});
