import type { OutputKind } from './kinds.ts';

/**
 * How members' outputs become one: `meanProbabilities` is the paper's soft vote (Huang et al. 2017, §3),
 * `meanLogits` averages before the softmax, `geometricMean` averages log-probabilities. Regression takes `mean` or `median`.
 */
export type CombineRule =
  | 'meanProbabilities'
  | 'meanLogits'
  | 'geometricMean'
  | 'medianProbabilities'
  | 'majorityVote'
  | 'mean'
  | 'median';

/**
 * Stop early: members run in `order`; a row leaves stage k when the confidence of what is combined so far reaches
 * `thresholds[k]`. The confidence is the largest probability, of a binary output max(p, 1 − p). Not for regression or
 * multi-label outputs.
 */
export interface CascadePolicy {
  /** Positions in `EnsemblePolicy.members`, first to run first. */
  readonly order: readonly number[];
  /** One per stage but the last; in (0, 1]. */
  readonly thresholds: readonly number[];
}

/**
 * Prediction sets (or, in regression, intervals) that hold the truth with probability at least 1 − alpha. A class
 * belongs to the set if its probability is large enough, at least 1 − threshold: see `predictionSets`. Not for
 * multi-label outputs.
 */
export interface ConformalPolicy {
  /** `split` and `aps` sets of classes; `absolute` intervals, the prediction ± the threshold. */
  readonly method: 'split' | 'aps' | 'absolute';
  readonly alpha: number;
  /** Score quantile found on the calibration rows, with room for float32 rounding. */
  readonly threshold: number;
  /** One threshold for each class, instead of `threshold`: the coverage then holds for the rows of each class. */
  readonly classThresholds?: readonly number[];
}

/** The score that says how unsure a row is. See `abstainScores`. */
export type AbstainScore =
  'largestProbability' | 'entropy' | 'mutualInformation' | 'energy' | 'variance';

/** Which rows are refused an answer: `largestProbability` below the threshold, any other score above it. */
export interface AbstainPolicy {
  readonly score: AbstainScore;
  readonly threshold: number;
  /** Share of the known, held-out rows that were refused when the threshold was fitted; in [0, 1). */
  readonly share: number;
}

/** How one output of an ensemble is made from its members: plain JSON, taken by everything downstream. */
export interface EnsemblePolicy {
  /** What the members' raw outputs are. */
  readonly kind: OutputKind;
  /** Indices into the members (oldest first), in the order in which they are summed. */
  readonly members: readonly number[];
  readonly combine: CombineRule;
  /** One per entry of `members`; non-negative, sum 1. */
  readonly weights: readonly number[];
  /** Divides the log (binary and multi-label: the log-odds) of the pooled prediction: pool, then calibrate. 1 changes nothing. */
  readonly temperature: number;
  readonly cascade?: CascadePolicy;
  readonly conformal?: ConformalPolicy;
  readonly abstain?: AbstainPolicy;
}

/** The rule that is used where none is asked for. */
export function defaultRule(kind: OutputKind): CombineRule {
  return kind === 'regression' ? 'mean' : 'meanProbabilities';
}

/** The paper's rule for `members` members: their equally weighted mean, uncalibrated. */
export function meanPolicy(kind: OutputKind, members: readonly number[]): EnsemblePolicy {
  return {
    kind,
    members,
    combine: defaultRule(kind),
    weights: members.map(() => 1 / members.length),
    temperature: 1,
  };
}
