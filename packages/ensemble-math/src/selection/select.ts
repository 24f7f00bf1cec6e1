import type { Metric } from '../metrics/losses.ts';
import type { EnsemblePolicy } from '../policy.ts';
import type { Predictions } from '../shapes.ts';
import { convexWeights } from './convex-weights.ts';
import { dropWorstMembers } from './drop-worst.ts';
import { greedyMembers } from './greedy.ts';
import { bestMembers, lastMembers } from './simple.ts';

/**
 * `'all'`; the `last` m (the paper's rule) or the `best` m; `greedy` rounds of forward selection; `'dropWorst'` until
 * it hurts; `'convexWeights'`, which keeps the members whose weight is not 0.
 */
export type MemberChoice =
  | 'all'
  | { readonly last: number }
  | { readonly best: number }
  | { readonly greedy: number }
  | 'dropWorst'
  | 'convexWeights';

/** Members in the order in which they are summed, oldest first, and their weights. */
export function selectMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  choice: MemberChoice,
  metric: Metric,
): Pick<EnsemblePolicy, 'members' | 'weights'> {
  const count = predictions.members.length;
  if (choice === 'all') return equally(lastMembers(count, count));
  if (choice === 'dropWorst') {
    const { members, weights } = dropWorstMembers(predictions, labels, { metric });
    return { members, weights };
  }
  if (choice === 'convexWeights') return weighed(predictions, labels, metric);
  if ('last' in choice) return equally(lastMembers(count, choice.last));
  if ('best' in choice) {
    const members = bestMembers(predictions, labels, { count: choice.best, metric });
    return equally([...members].sort((a, b) => a - b));
  }
  const { members, weights } = greedyMembers(predictions, labels, {
    rounds: choice.greedy,
    metric,
  });
  return { members, weights };
}

function equally(members: readonly number[]): Pick<EnsemblePolicy, 'members' | 'weights'> {
  return { members, weights: members.map(() => 1 / members.length) };
}

/** Less than this is what rounding leaves of a weight of 0. */
const negligible = 1e-9;

function weighed(
  predictions: Predictions,
  labels: ArrayLike<number>,
  metric: Metric,
): Pick<EnsemblePolicy, 'members' | 'weights'> {
  if (metric === 'error' || metric === 'mae') {
    throw new RangeError(
      `selectMembers: convexWeights needs the metric nll, brier or mse, not ${metric}.`,
    );
  }
  const all = convexWeights(predictions, labels, { metric }).weights;
  const members = lastMembers(all.length, all.length).filter((m) => all[m]! > negligible);
  const sum = members.reduce((total, m) => total + all[m]!, 0);
  return { members, weights: members.map((m) => all[m]! / sum) };
}
