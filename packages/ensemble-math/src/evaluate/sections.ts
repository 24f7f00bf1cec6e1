import { predictWithPolicy, type PolicyResult } from '../apply-policy.ts';
import { ambiguity, brierAmbiguity } from '../diversity/ambiguity.ts';
import { outputCorrelation, pairwiseDisagreement, type PairMatrix } from '../diversity/pairwise.ts';
import { errorAuroc } from '../metrics/auroc.ts';
import { isTwoSided, type ProbabilityKind } from '../kinds.ts';
import { accuracy, errorLosses, mean } from '../metrics/classification.ts';
import type { EnsemblePolicy } from '../policy.ts';
import { pickMembers, type Outputs, type Predictions } from '../shapes.ts';
import type { LabelledRows } from './labelled-rows.ts';
import type {
  CascadeReport,
  ConformalReport,
  DiversityReport,
  UncertaintyReport,
  UncertaintySummary,
} from './report.ts';

export function diversityOf(
  policy: EnsemblePolicy,
  predictions: Predictions,
  labels: ArrayLike<number>,
): DiversityReport {
  const members = pickMembers(predictions, policy.members);
  const correlation = rowsOf(outputCorrelation(members), (value) =>
    Number.isNaN(value) ? null : value,
  );
  const { kind, weights } = policy;
  if (kind === 'regression') return { correlation, ambiguity: ambiguity(members, labels, weights) };
  return {
    correlation,
    disagreement: rowsOf(pairwiseDisagreement(members, { kind }), (value) => value),
    // The Brier score of one side is its squared error about the label.
    ambiguity: isTwoSided(kind)
      ? ambiguity(members, labels, weights)
      : brierAmbiguity(members, labels, weights),
  };
}

export function uncertaintyOf(
  of: EnsemblePolicy['kind'],
  scores: NonNullable<PolicyResult['uncertainty']>,
  outputs: Outputs,
  labels: ArrayLike<number>,
): UncertaintyReport {
  const kind = probabilityKind(of);
  const errors = errorLosses(outputs, labels, { kind }).filter((error) => error > 0).length;
  const isOneSided = errors === 0 || errors === outputs.rows;
  const summary = (score: Float64Array): UncertaintySummary => ({
    mean: mean(score),
    errorAuroc: isOneSided ? null : errorAuroc(score, outputs, labels, { kind }),
  });
  return {
    predictiveEntropy: summary(scores.predictiveEntropy),
    expectedEntropy: summary(scores.expectedEntropy),
    mutualInformation: summary(scores.mutualInformation),
  };
}

export function cascadeOf(
  { cascade, ...whole }: EnsemblePolicy,
  { predictions, labels }: LabelledRows,
  { outputs, membersUsed }: PolicyResult,
): CascadeReport | undefined {
  if (cascade === undefined || membersUsed === undefined) return undefined;
  const kind = probabilityKind(whole.kind);
  const exits = cascade.order.map((_, stage) =>
    mean(Float64Array.from(membersUsed, (used) => (used === stage + 1 ? 1 : 0))),
  );
  return {
    cost: mean(Float64Array.from(membersUsed)),
    exits,
    accuracy: accuracy(outputs, labels, { kind }),
    wholeAccuracy: accuracy(predictWithPolicy(whole, predictions).outputs, labels, { kind }),
  };
}

export function conformalOf(
  { conformal }: EnsemblePolicy,
  { sets, intervals }: PolicyResult,
  labels: ArrayLike<number>,
): ConformalReport | undefined {
  if (conformal === undefined) return undefined;
  if (sets !== undefined) {
    const { data, rows, classes } = sets;
    const held = Float64Array.from(
      { length: rows },
      (_, row) => data[row * classes + labels[row]!]!,
    );
    const meanSize = mean(Float64Array.from(data)) * classes;
    return { alpha: conformal.alpha, coverage: mean(held), meanSize };
  }
  if (intervals === undefined) return undefined;
  const { lower, upper } = intervals;
  const held = Float64Array.from({ length: lower.rows }, (_, row) => {
    for (let i = row * lower.classes; i < (row + 1) * lower.classes; i++) {
      if (labels[i]! < lower.data[i]! || labels[i]! > upper.data[i]!) return 0;
    }
    return 1;
  });
  return { alpha: conformal.alpha, coverage: mean(held), meanSize: 2 * conformal.threshold };
}

/** What classes have become once they are combined. */
export function probabilityKind(kind: EnsemblePolicy['kind']): ProbabilityKind {
  return kind === 'binary' || kind === 'multi-label' ? kind : 'probabilities';
}

function rowsOf<T>({ data, members }: PairMatrix, value: (entry: number) => T): T[][] {
  return Array.from({ length: members }, (_, a) =>
    Array.from({ length: members }, (_, b) => value(data[a * members + b]!)),
  );
}
