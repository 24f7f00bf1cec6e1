import { checkFinite, checkLength } from '../check.ts';
import type { Labels, Outputs } from '../shapes.ts';
import { errorLosses, type MetricOptions } from './classification.ts';

/**
 * Probability that a positive row scores above a negative one, ties counting one half: the area under the ROC
 * curve, in [0, 1]. `positives` holds 0 or 1 per row, both at least once. Mann and Whitney 1947.
 */
export function auroc(scores: ArrayLike<number>, positives: ArrayLike<number>): number {
  checkFinite('auroc', scores);
  checkLength('auroc', 'positives', positives.length, scores.length);
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row);
  order.sort((a, b) => scores[a]! - scores[b]!);
  let positiveCount = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    let tiedPositives = 0;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
      tiedPositives += asBinary(positives[order[end]!]!);
    }
    // Ranks start + 1 to end; tied scores share their mean.
    rankSum += (tiedPositives * (start + 1 + end)) / 2;
    positiveCount += tiedPositives;
    start = end;
  }
  const negativeCount = order.length - positiveCount;
  if (positiveCount === 0 || negativeCount === 0) {
    throw new RangeError(
      `auroc: ${positiveCount} positive and ${negativeCount} negative rows; at least one of each is needed.`,
    );
  }
  return (rankSum - (positiveCount * (positiveCount + 1)) / 2) / (positiveCount * negativeCount);
}

/**
 * How well an uncertainty score `[rows]` tells the ensemble's errors from its hits: their `auroc`. A multi-label row
 * with any wrong label is an error.
 */
export function errorAuroc(
  uncertainty: ArrayLike<number>,
  outputs: Outputs,
  labels: Labels,
  options?: MetricOptions,
): number {
  return auroc(
    uncertainty,
    errorLosses(outputs, labels, options).map((loss) => (loss > 0 ? 1 : 0)),
  );
}

function asBinary(value: number): number {
  if (value === 0 || value === 1) return value;
  throw new RangeError(`auroc: positives must be 0 or 1, one is ${value}.`);
}
