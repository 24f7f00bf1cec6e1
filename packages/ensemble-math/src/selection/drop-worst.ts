import { checkCount, checkPredictions } from '../check.ts';
import { combine } from '../combine/combine.ts';
import { isRegressionMetric, loss, type Metric } from '../metrics/losses.ts';
import { pickMembers, type Predictions } from '../shapes.ts';
import type { Selection } from './greedy.ts';
import { argmin } from './simple.ts';

export interface DropWorstOptions {
  /** Members to keep. Default: as long as dropping one lowers the loss. */
  readonly keep?: number;
  /** Default `'nll'`. */
  readonly metric?: Metric;
}

/**
 * Backward elimination from all members: each round drops the one without which the equally weighted mean loses
 * least (the older on a tie). `losses[0]` is that of all members.
 */
export function dropWorstMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  { keep, metric = 'nll' }: DropWorstOptions = {},
): Selection {
  checkPredictions('dropWorstMembers', predictions);
  if (keep !== undefined) {
    checkCount('dropWorstMembers', 'keep', keep, 1, predictions.members.length);
  }
  const rule = isRegressionMetric(metric) ? 'mean' : 'meanProbabilities';
  const lossOf = (positions: readonly number[]): number =>
    loss(metric, combine(pickMembers(predictions, positions), rule), labels);
  let members: readonly number[] = predictions.members.map((_, member) => member);
  const losses = [lossOf(members)];
  while (members.length > (keep ?? 1)) {
    const left = members.map((dropped) => members.filter((member) => member !== dropped));
    const candidates = left.map(lossOf);
    const best = argmin(candidates);
    if (keep === undefined && !(candidates[best]! < losses.at(-1)!)) break;
    members = left[best]!;
    losses.push(candidates[best]!);
  }
  return { members, weights: members.map(() => 1 / members.length), losses };
}
