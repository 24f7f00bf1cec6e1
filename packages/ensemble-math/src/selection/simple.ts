import { checkCount, checkPredictions } from '../check.ts';
import { loss, type Metric } from '../metrics/losses.ts';
import { memberOutputs, type Predictions } from '../shapes.ts';

/** Positions of the last `count` of `members` members, oldest first: the paper's choice. Huang et al. 2017, §4.3. */
export function lastMembers(members: number, count: number): readonly number[] {
  checkCount('lastMembers', 'count', count, 1, members);
  return Array.from({ length: count }, (_, i) => members - count + i);
}

export interface BestMembersOptions {
  readonly count: number;
  /** Default `'nll'`. */
  readonly metric?: Metric;
}

/** Positions of the `count` members with the least loss of their own, best first; the older first on a tie. */
export function bestMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  { count, metric = 'nll' }: BestMembersOptions,
): readonly number[] {
  checkPredictions('bestMembers', predictions);
  checkCount('bestMembers', 'count', count, 1, predictions.members.length);
  const losses = memberLosses(predictions, labels, metric);
  return losses
    .map((_, member) => member)
    .sort((a, b) => losses[a]! - losses[b]! || a - b)
    .slice(0, count);
}

/** The loss of each member on its own. */
export function memberLosses(
  predictions: Predictions,
  labels: ArrayLike<number>,
  metric: Metric,
): readonly number[] {
  return predictions.members.map((_, member) =>
    loss(metric, memberOutputs(predictions, member), labels),
  );
}

/** Position of the least value, the first on a tie. */
export function argmin(values: readonly number[]): number {
  let best = 0;
  values.forEach((value, i) => {
    if (value < values[best]!) best = i;
  });
  return best;
}
