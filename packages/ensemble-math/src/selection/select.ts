import { checkOptions } from '../options.ts';
import type { EnsemblePolicy } from '../policy.ts';
import { solveWeights } from './convex-weights.ts';
import { dropWorst } from './drop-worst.ts';
import { chooseGreedily } from './greedy.ts';
import type { SelectionProblem } from './problem.ts';
import { chooseBest, lastMembers } from './simple.ts';

/**
 * `'all'`; the `last` m (the paper's rule) or the `best` m; `greedy` rounds of forward selection; `'dropWorst'` until
 * it hurts; `'convexWeights'`, which keeps the members whose weight is not 0. The last three lower the loss of the
 * members as the policy combines them.
 */
export type MemberChoice =
  | 'all'
  | { readonly last: number }
  | { readonly best: number }
  | { readonly greedy: number }
  | 'dropWorst'
  | 'convexWeights';

type Chosen = Pick<EnsemblePolicy, 'members' | 'weights'>;

/** Members in the order in which they are summed, oldest first, and their weights. */
export function selectMembers(problem: SelectionProblem, choice: MemberChoice): Chosen {
  const count = problem.predictions.members.length;
  if (choice === 'all') return equally(lastMembers(count, count));
  if (choice === 'dropWorst') return chosen(dropWorst(problem));
  if (choice === 'convexWeights') return weighed(problem);
  checkOptions('fitPolicy: select', choice, { last: true, best: true, greedy: true });
  if ('last' in choice) return equally(lastMembers(count, choice.last));
  if ('best' in choice) {
    return equally([...chooseBest(problem, choice.best)].sort((a, b) => a - b));
  }
  return chosen(chooseGreedily(problem, choice.greedy));
}

function chosen({ members, weights }: Chosen): Chosen {
  return { members, weights };
}

function equally(members: readonly number[]): Chosen {
  return { members, weights: members.map(() => 1 / members.length) };
}

/** Less than this is what rounding leaves of a weight of 0. */
const negligible = 1e-9;

function weighed(problem: SelectionProblem): Chosen {
  const all = solveWeights(problem).weights;
  const members = lastMembers(all.length, all.length).filter((m) => all[m]! > negligible);
  const sum = members.reduce((total, m) => total + all[m]!, 0);
  return { members, weights: members.map((m) => all[m]! / sum) };
}
