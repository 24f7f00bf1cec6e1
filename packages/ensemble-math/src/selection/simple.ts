import { checkCount } from '../check.ts';
import { loss } from '../metrics/losses.ts';
import { checkOptions } from '../options.ts';
import { memberOutputs, type Predictions } from '../shapes.ts';
import { selectionProblem, type SelectionOptions, type SelectionProblem } from './problem.ts';

/** Positions of the last `count` of `members` members, oldest first: the paper's choice. Huang et al. 2017, §4.3. */
export function lastMembers(members: number, count: number): readonly number[] {
  checkCount('lastMembers', 'count', count, 1, members);
  return Array.from({ length: count }, (_, i) => members - count + i);
}

export interface BestMembersOptions extends Omit<SelectionOptions, 'combine'> {
  readonly count: number;
}

/** Positions of the `count` members with the least loss of their own, best first; the older first on a tie. */
export function bestMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: BestMembersOptions,
): readonly number[] {
  const where = 'bestMembers';
  checkOptions(where, options, { kind: true, metric: true, count: true });
  return chooseBest(selectionProblem(where, predictions, labels, options), options.count);
}

export function chooseBest(problem: SelectionProblem, count: number): readonly number[] {
  checkCount('bestMembers', 'count', count, 1, problem.predictions.members.length);
  const losses = memberLosses(problem);
  return losses
    .map((_, member) => member)
    .sort((a, b) => losses[a]! - losses[b]! || a - b)
    .slice(0, count);
}

/** The loss of each member on its own. */
export function memberLosses({
  predictions,
  labels,
  kind,
  metric,
}: SelectionProblem): readonly number[] {
  return predictions.members.map((_, member) =>
    loss(metric, memberOutputs(predictions, member), labels, kind),
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
