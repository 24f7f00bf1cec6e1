import { random, type Point } from './spirals.ts';

const HIDDEN = 16;

/** Weights of a network 2 → 16 (tanh) → 1 (sigmoid), in one array: per hidden unit two inputs, bias, output; then a bias. */
export type Weights = Float64Array;

export function randomWeights(seed: number): Weights {
  const next = random(seed);
  return Float64Array.from({ length: 4 * HIDDEN + 1 }, () => 2 * (next() - 0.5));
}

function activation(weights: Weights, unit: number, [x, y]: Point['x']): number {
  return Math.tanh(weights[4 * unit]! * x + weights[4 * unit + 1]! * y + weights[4 * unit + 2]!);
}

/** Probability of label 1. */
export function predict(weights: Weights, x: Point['x']): number {
  let sum = weights[4 * HIDDEN]!;
  for (let unit = 0; unit < HIDDEN; unit += 1) {
    sum += weights[4 * unit + 3]! * activation(weights, unit, x);
  }
  return 1 / (1 + Math.exp(-sum));
}

/** One update of plain gradient descent on the log-loss of a batch, in place. */
export function update(weights: Weights, batch: readonly Point[], learningRate: number): void {
  const gradient = new Float64Array(weights.length);
  for (const { x, label } of batch) {
    const error = (predict(weights, x) - label) / batch.length;
    gradient[4 * HIDDEN]! += error;
    for (let unit = 0; unit < HIDDEN; unit += 1) {
      const height = activation(weights, unit, x);
      const slope = error * weights[4 * unit + 3]! * (1 - height * height);
      gradient[4 * unit]! += slope * x[0];
      gradient[4 * unit + 1]! += slope * x[1];
      gradient[4 * unit + 2]! += slope;
      gradient[4 * unit + 3]! += error * height;
    }
  }
  for (const [index, slope] of gradient.entries()) weights[index]! -= learningRate * slope;
}
