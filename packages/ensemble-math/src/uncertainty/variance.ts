import { checkFinite, checkPredictions, memberWeights } from '../check.ts';
import type { Outputs, Predictions } from '../shapes.ts';

/**
 * Weighted variance of the members about their weighted mean, value by value: `[rows, classes]`, Σₘ wₘ (xₘ − x̄)²,
 * in squared units of the values. With equal weights the population variance (divided by M, not M − 1).
 */
export function memberVariance(predictions: Predictions, weights?: readonly number[]): Outputs {
  checkPredictions('memberVariance', predictions);
  const { members, rows, classes } = predictions;
  const shares = memberWeights('memberVariance', members.length, weights);
  const data = new Float64Array(rows * classes);
  for (let i = 0; i < data.length; i++) {
    let mean = 0;
    for (let m = 0; m < members.length; m++) mean += shares[m]! * members[m]![i]!;
    let sum = 0;
    // A second pass: the difference of squares loses all digits where members nearly agree.
    for (let m = 0; m < members.length; m++) sum += shares[m]! * (members[m]![i]! - mean) ** 2;
    data[i] = sum;
  }
  checkFinite('memberVariance', data);
  return { data, rows, classes };
}
