import { safeLog } from '../softmax.ts';
import type { Block } from './block.ts';

/** pooled = σ(Σₘ wₘ ln(pₘ / (1 − pₘ))): the geometric mean of both sides, normalised. */
export function sigmoidOfWeightedLogOdds(block: Block): void {
  const { members, weights, start, rows, classes, pooled } = block;
  const length = rows * classes;
  pooled.fill(0, 0, length);
  members.forEach((probabilities, m) => {
    const weight = weights[m]!;
    if (weight === 0) return;
    for (let i = 0, j = start; i < length; i++, j++) {
      pooled[i] = pooled[i]! + weight * logOdds(probabilities[j]!);
    }
  });
  for (let i = 0; i < length; i++) pooled[i] = sigmoid(pooled[i]!);
}

/** pooled = the share of the weight that votes for the positive side; a member at ½ votes for the negative one. */
export function positiveVotes({ members, weights, start, rows, classes, pooled }: Block): void {
  const length = rows * classes;
  pooled.fill(0, 0, length);
  members.forEach((probabilities, m) => {
    const weight = weights[m]!;
    for (let i = 0, j = start; i < length; i++, j++) {
      if (probabilities[j]! > 0.5) pooled[i] = pooled[i]! + weight;
    }
  });
}

/** ln(p / (1 − p)), each side at least `smallestProbability`. */
export function logOdds(probability: number): number {
  return safeLog(probability) - safeLog(1 - probability);
}

/** 1 / (1 + e⁻ˣ), without overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}
