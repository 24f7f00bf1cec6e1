import { describe, expect, it } from 'vitest';
import { cosine, exponential, kDecay, linear, polynomial, stepwise, type Curve } from './index.ts';

const curves: Record<string, Curve> = {
  cosine,
  linear,
  'polynomial(3)': polynomial(3),
  'polynomial(0.5)': polynomial(0.5),
  'exponential(0.01)': exponential(0.01),
  'exponential(0.999)': exponential(0.999),
  stepwise: stepwise([
    { at: 0.5, factor: 0.1 },
    { at: 0.75, factor: 0.01 },
  ]),
  'kDecay(1.5)': kDecay(1.5),
  'kDecay(0.3, linear)': kDecay(0.3, linear),
};

describe.each(Object.entries(curves))('%s', (name, curve) => {
  it('falls from 1 and stays in [0, 1]', () => {
    expect(curve(0)).toBe(1);
    let previous = 1;
    for (let k = 1; k <= 10_000; k += 1) {
      const height = curve(k / 10_000);
      if (!(height <= previous && height >= 0)) expect.fail(`${height} at ${k} after ${previous}`);
      previous = height;
    }
    expect(previous).toBeCloseTo(name === 'stepwise' ? 0.01 : 0, 12);
  });
});

it.each([
  ['cosine', 0.5, 0.5],
  ['cosine', 0.25, (1 + Math.SQRT1_2) / 2],
  ['cosine', 1, 0],
  ['linear', 0.25, 0.75],
  ['polynomial(3)', 0.5, 0.125],
  ['exponential(0.01)', 0.5, 1 / 11],
  ['stepwise', 0.5, 0.1],
  ['stepwise', 0.7499, 0.1],
  ['stepwise', 0.75, 0.01],
  ['kDecay(0.3, linear)', 0.5, 1 - 0.8122523963562356],
])('%s at %f is %f', (name, progress, height) => {
  expect(curves[name]!(progress)).toBeCloseTo(height, 14);
});
