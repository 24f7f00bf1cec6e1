import { checkCount, checkPredictions } from '../check.ts';
import { loss, type Metric } from '../metrics/losses.ts';
import type { Floats, Predictions } from '../shapes.ts';
import { argmin } from './simple.ts';

/** Members to use and how much of each. */
export interface Selection {
  /** Positions, ascending. */
  readonly members: readonly number[];
  /** One per entry of `members`; positive, sum 1. */
  readonly weights: readonly number[];
  /** Loss of the mean after each round. */
  readonly losses: readonly number[];
}

export interface GreedyOptions {
  /** Rounds at most. Default 50. */
  readonly rounds?: number;
  /** Default `'nll'`. */
  readonly metric?: Metric;
}

const defaultRounds = 50;

/**
 * Forward selection with replacement: each round adds the member, used already or not, with which the mean of all
 * added so far loses least (the older on a tie); the rounds up to the best are kept. Caruana et al. 2004, §2.1.
 */
export function greedyMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  { rounds = defaultRounds, metric = 'nll' }: GreedyOptions = {},
): Selection {
  checkPredictions('greedyMembers', predictions);
  checkCount('greedyMembers', 'rounds', rounds, 1, Number.MAX_SAFE_INTEGER);
  const { members, rows, classes } = predictions;
  const sum = new Float64Array(rows * classes);
  const data = new Float64Array(rows * classes);
  const added: number[] = [];
  const losses: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const candidates = members.map((values) => {
      addInto(data, sum, values, 1 / round);
      return loss(metric, { data, rows, classes }, labels);
    });
    const best = argmin(candidates);
    addInto(sum, sum, members[best]!, 1);
    added.push(best);
    losses.push(candidates[best]!);
  }
  return { ...counted(added.slice(0, argmin(losses) + 1)), losses };
}

/** out = (sum + values) · scale. */
function addInto(out: Float64Array, sum: Float64Array, values: Floats, scale: number): void {
  for (let i = 0; i < out.length; i++) out[i] = (sum[i]! + values[i]!) * scale;
}

function counted(added: readonly number[]): Pick<Selection, 'members' | 'weights'> {
  const members = [...new Set(added)].sort((a, b) => a - b);
  const timesAdded = (member: number): number => added.filter((other) => other === member).length;
  return { members, weights: members.map((member) => timesAdded(member) / added.length) };
}
