import { predictWithPolicy } from '../apply-policy.ts';
import type { OutputKind } from '../kinds.ts';
import { checkOptions } from '../options.ts';
import type { AbstainPolicy, AbstainScore, EnsemblePolicy } from '../policy.ts';
import type { Predictions } from '../shapes.ts';
import { abstainScores, checkScore, refusedRows } from './scores.ts';

export interface FitAbstainOptions {
  /** See `AbstainPolicy`. */
  readonly score: AbstainScore;
  /** Share of known inputs that may be refused; in [0, 1). */
  readonly share: number;
}

/** Scores are served in float32; a row on the threshold must not fall to the other side by rounding. */
const float32Room = 2 ** -18;

/**
 * The threshold that refuses as many of these known, held-out rows as may be refused, and no more. `share` of the result
 * is the share that it does refuse: less than asked for where scores are tied.
 */
export function fitAbstain(
  policy: EnsemblePolicy,
  predictions: Predictions,
  { score, share }: FitAbstainOptions,
): AbstainPolicy {
  const pooled = predictWithPolicy(policy, predictions);
  const scores = abstainScores(policy, predictions, pooled, score);
  const sorted = Float64Array.from(scores).sort();
  const refused = Math.floor(share * scores.length);
  const last = scores.length - 1;
  const room = (at: number): number => float32Room * Math.max(1, Math.abs(at));
  const edge = score === 'largestProbability' ? sorted[refused]! : sorted[last - refused]!;
  const threshold = score === 'largestProbability' ? edge - room(edge) : edge + room(edge);
  const flags = refusedRows(scores, { score, threshold });
  return { score, threshold, share: flags.reduce((sum, flag) => sum + flag, 0) / scores.length };
}

/** Refuses what cannot be fitted. */
export function checkAbstain(where: string, kind: OutputKind, options: FitAbstainOptions): void {
  checkOptions(`${where}, abstain`, options, { score: true, share: true });
  checkScore(`${where}, abstain`, kind, options.score);
  if (!(options.share >= 0 && options.share < 1)) {
    throw new RangeError(`${where}: abstain.share is ${options.share}; it must lie in [0, 1).`);
  }
}
