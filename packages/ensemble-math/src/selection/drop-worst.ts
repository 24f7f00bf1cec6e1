import { checkCount } from '../check.ts';
import { checkOptions } from '../options.ts';
import type { Predictions } from '../shapes.ts';
import type { Selection } from './greedy.ts';
import { selectionProblem, type SelectionOptions, type SelectionProblem } from './problem.ts';
import { argmin } from './simple.ts';

export interface DropWorstOptions extends SelectionOptions {
  /** Members to keep. Default: as long as dropping one lowers the loss. */
  readonly keep?: number;
}

/**
 * Backward elimination from all members: each round drops the one without which the others, equally weighted and
 * combined, lose least (the older on a tie). `losses[0]` is that of all members.
 */
export function dropWorstMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: DropWorstOptions,
): Selection {
  const where = 'dropWorstMembers';
  checkOptions(where, options, { kind: true, combine: true, metric: true, keep: true });
  const problem = selectionProblem(where, predictions, labels, options);
  const { keep } = options;
  if (keep !== undefined) checkCount(where, 'keep', keep, 1, predictions.members.length);
  return dropWorst(problem, keep);
}

export function dropWorst({ predictions, lossOf }: SelectionProblem, keep?: number): Selection {
  let members: readonly number[] = predictions.members.map((_, member) => member);
  const losses = [lossOf(members)];
  while (members.length > (keep ?? 1)) {
    const left = members.map((dropped) => members.filter((member) => member !== dropped));
    const candidates = left.map((positions) => lossOf(positions));
    const best = argmin(candidates);
    if (keep === undefined && !(candidates[best]! < losses.at(-1)!)) break;
    members = left[best]!;
    losses.push(candidates[best]!);
  }
  return { members, weights: members.map(() => 1 / members.length), losses };
}
