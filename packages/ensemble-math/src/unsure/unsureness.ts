import { abstainScores } from '../abstain/scores.ts';
import { predictWithPolicy } from '../apply-policy.ts';
import type { AbstainScore, EnsemblePolicy } from '../policy.ts';
import type { Predictions } from '../shapes.ts';

/**
 * How unsure an ensemble is about each row, `[rows]`, by one of the scores of `AbstainPolicy`; always larger for rows of
 * which it is less sure, so that `largestProbability` comes negated. What `auroc` and `riskCoverage` take.
 */
export function unsureness(
  policy: EnsemblePolicy,
  predictions: Predictions,
  score: AbstainScore,
): Float64Array {
  const pooled = predictWithPolicy(policy, predictions);
  const scores = abstainScores(policy, predictions, pooled, score);
  return score === 'largestProbability' ? scores.map((value) => -value) : scores;
}
