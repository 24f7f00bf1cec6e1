import type { PolicyOutputs } from '../policy-outputs.ts';
import { stageMembers } from '../cascade/run.ts';
import { checkKind, isTwoSided, rowMeans, type OutputKind } from '../kinds.ts';
import type { AbstainPolicy, AbstainScore, EnsemblePolicy } from '../policy.ts';
import { pickMembers, type Floats, type Outputs, type Predictions } from '../shapes.ts';
import { energy } from '../uncertainty/energy.ts';
import { uncertainty } from '../uncertainty/uncertainty.ts';
import { memberVariance } from '../uncertainty/variance.ts';

const ofClasses: readonly AbstainScore[] = ['largestProbability', 'entropy', 'mutualInformation'];

/** The scores that a kind of output has. */
export function scoresOfKind(kind: OutputKind): readonly AbstainScore[] {
  if (kind === 'regression') return ['variance'];
  return kind === 'logits' ? [...ofClasses, 'energy'] : ofClasses;
}

/** Refuses a score that the kind does not have. */
export function checkScore(where: string, kind: OutputKind, score: AbstainScore): void {
  const allowed = scoresOfKind(kind);
  if (allowed.includes(score)) return;
  throw new RangeError(
    `${where}: score '${score}' is not for kind '${kind}'; allowed: ${allowed.join(', ')}.`,
  );
}

/**
 * How unsure the ensemble is about each row, `[rows]`, by the score; with a cascade, of the members that ran for the row.
 *
 * - `largestProbability`: of what the policy puts out, calibrated; of a binary output max(p, 1 − p), of a multi-label row
 *   the mean of these. Small where unsure; all other scores are large there.
 * - `entropy`, `mutualInformation`: `predictiveEntropy` and `mutualInformation` of `uncertainty`.
 * - `energy`: −Σₘ wₘ ln Σ꜀ exp z꜀ₘ, of logits. Liu et al. 2020, eq. 4, averaged over members.
 * - `variance`: `memberVariance`, averaged over the outputs of a row. In regression.
 */
export function abstainScores(
  policy: EnsemblePolicy,
  predictions: Predictions,
  pooled: PolicyOutputs,
  score: AbstainScore,
): Float64Array {
  checkKind('abstainScores', policy.kind, predictions.classes);
  checkScore('abstainScores', policy.kind, score);
  if (score === 'largestProbability') return largestProbabilities(policy.kind, pooled.outputs);
  return byStage(policy, predictions, pooled, (members, weights) =>
    memberScores(policy.kind, score, members, weights),
  );
}

/** Which rows are refused an answer: 1, else 0. */
export function refusedRows(
  scores: Float64Array,
  { score, threshold }: Pick<AbstainPolicy, 'score' | 'threshold'>,
): Uint8Array {
  return Uint8Array.from(scores, (value) =>
    (score === 'largestProbability' ? value < threshold : value > threshold) ? 1 : 0,
  );
}

/** A value for each row, of all the policy's members or of those that ran for the row. */
export function byStage(
  { members, weights, cascade }: Pick<EnsemblePolicy, 'members' | 'weights' | 'cascade'>,
  predictions: Predictions,
  { membersUsed }: Pick<PolicyOutputs, 'membersUsed'>,
  valuesOf: (members: Predictions, weights: readonly number[]) => Float64Array,
): Float64Array {
  const own = pickMembers(predictions, members);
  if (cascade === undefined || membersUsed === undefined) return valuesOf(own, weights);
  const values = new Float64Array(predictions.rows);
  cascade.order.forEach((_, stage) => {
    if (!membersUsed.includes(stage + 1)) return;
    const running = stageMembers(own, cascade.order, stage, weights);
    const ofStage = valuesOf(running.predictions, running.weights);
    ofStage.forEach((value, row) => {
      if (membersUsed[row] === stage + 1) values[row] = value;
    });
  });
  return values;
}

function memberScores(
  kind: OutputKind,
  score: Exclude<AbstainScore, 'largestProbability'>,
  members: Predictions,
  weights: readonly number[],
): Float64Array {
  if (score === 'energy') return energy(members, weights);
  if (score === 'variance' || kind === 'regression') {
    return rowMeans(Float64Array.from(memberVariance(members, weights).data), members.classes);
  }
  const { predictiveEntropy, mutualInformation } = uncertainty(members, { kind, weights });
  return score === 'entropy' ? predictiveEntropy : mutualInformation;
}

function largestProbabilities(kind: OutputKind, { data, rows, classes }: Outputs): Float64Array {
  if (isTwoSided(kind)) {
    return rowMeans(
      Float64Array.from(data, (p) => Math.max(p, 1 - p)),
      classes,
    );
  }
  return Float64Array.from({ length: rows }, (_, row) => largest(data, row * classes, classes));
}

function largest(values: Floats, start: number, classes: number): number {
  let max = -Infinity;
  for (let i = start; i < start + classes; i++) if (values[i]! > max) max = values[i]!;
  return max;
}
