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

/** Stop early: members run in `order`; a row leaves stage k when the running mean's highest probability reaches `thresholds[k]`. */
export interface CascadePolicy {
  /** Positions in `EnsemblePolicy.members`, first to run first. */
  readonly order: readonly number[];
  /** One per stage but the last; in (0, 1]. */
  readonly thresholds: readonly number[];
}

/** Prediction sets that hold the true class with probability at least 1 − alpha. */
export interface ConformalPolicy {
  readonly method: 'split' | 'aps';
  readonly alpha: number;
  /** Score quantile found on the calibration rows. */
  readonly threshold: number;
}

/** How one output of an ensemble is made from its members: plain JSON, taken by everything downstream. */
export interface EnsemblePolicy {
  /** What the members' raw outputs are. */
  readonly kind: 'probabilities' | 'logits' | 'regression';
  /** Indices into the members at hand (oldest first), in the order in which they are summed. */
  readonly members: readonly number[];
  readonly combine: CombineRule;
  /** One per entry of `members`; non-negative, sum 1. */
  readonly weights: readonly number[];
  /** Divides the log of the pooled prediction: pool, then calibrate. 1 changes nothing. */
  readonly temperature: number;
  readonly cascade?: CascadePolicy;
  readonly conformal?: ConformalPolicy;
}

/** The paper's rule for `members` members: their equally weighted mean, uncalibrated. */
export function meanPolicy(
  kind: EnsemblePolicy['kind'],
  members: readonly number[],
): EnsemblePolicy {
  return {
    kind,
    members,
    combine: kind === 'regression' ? 'mean' : 'meanProbabilities',
    weights: members.map(() => 1 / members.length),
    temperature: 1,
  };
}
