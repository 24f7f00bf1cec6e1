import { checkCount } from '../check.ts';
import { loss } from '../metrics/losses.ts';
import { checkOptions } from '../options.ts';
import type { Floats, Predictions } from '../shapes.ts';
import { selectionProblem, type SelectionOptions, type SelectionProblem } from './problem.ts';
import { argmin } from './simple.ts';

/** Members to use and how much of each. */
export interface Selection {
  /** Positions, ascending. */
  readonly members: readonly number[];
  /** One per entry of `members`; positive, sum 1. */
  readonly weights: readonly number[];
  /** Loss of what is combined after each round. */
  readonly losses: readonly number[];
}

export interface GreedyOptions extends SelectionOptions {
  /** Rounds at most. Default 50. */
  readonly rounds?: number;
}

const defaultRounds = 50;

/**
 * Forward selection with replacement: each round adds the member, used already or not, with which all added so far,
 * combined, lose least (the older on a tie); the rounds up to the best are kept. Caruana et al. 2004, §2.1.
 */
export function greedyMembers(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: GreedyOptions,
): Selection {
  const where = 'greedyMembers';
  checkOptions(where, options, { kind: true, combine: true, metric: true, rounds: true });
  const { rounds = defaultRounds } = options;
  checkCount(where, 'rounds', rounds, 1, Number.MAX_SAFE_INTEGER);
  return chooseGreedily(selectionProblem(where, predictions, labels, options), rounds);
}

export function chooseGreedily(problem: SelectionProblem, rounds: number): Selection {
  const added: number[] = [];
  const losses: number[] = [];
  const isMean = problem.rule === 'meanProbabilities' || problem.rule === 'mean';
  const lossesWith = isMean ? runningMean(problem) : anyRule(problem);
  for (let round = 1; round <= rounds; round++) {
    const candidates = lossesWith(added);
    const best = argmin(candidates);
    added.push(best);
    losses.push(candidates[best]!);
  }
  return { ...counted(added.slice(0, argmin(losses) + 1)), losses };
}

/** The loss that each further member would bring, after those already added. */
type LossesWith = (added: readonly number[]) => readonly number[];

function anyRule({ predictions, lossOf }: SelectionProblem): LossesWith {
  return (added) =>
    predictions.members.map((_, candidate) => {
      const { members, weights } = counted([...added, candidate]);
      return lossOf(members, weights);
    });
}

/** The mean needs the sum of what was added, no more. */
function runningMean({ predictions, labels, kind, metric }: SelectionProblem): LossesWith {
  const { members, rows, classes } = predictions;
  const sum = new Float64Array(rows * classes);
  const data = new Float64Array(rows * classes);
  return (added) => {
    const last = added.at(-1);
    if (last !== undefined) addInto(sum, sum, members[last]!, 1);
    return members.map((values) => {
      addInto(data, sum, values, 1 / (added.length + 1));
      return loss(metric, { data, rows, classes }, labels, kind);
    });
  };
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
