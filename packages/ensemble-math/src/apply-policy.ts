import { abstainScores, byStage, refusedRows } from './abstain/scores.ts';
import { applyTemperature } from './calibration/temperature.ts';
import { checkCascadeKind, runCascade } from './cascade/run.ts';
import { combine } from './combine/combine.ts';
import {
  predictionIntervals,
  predictionSets,
  type PredictionIntervals,
  type PredictionSets,
} from './conformal/sets.ts';
import { checkKind } from './kinds.ts';
import type { EnsemblePolicy } from './policy.ts';
import { pickMembers, type Outputs, type Predictions } from './shapes.ts';
import { uncertainty, type Uncertainty } from './uncertainty/uncertainty.ts';
import { memberVariance } from './uncertainty/variance.ts';
import type { PolicyOutputs } from './policy-outputs.ts';

export interface PolicyResult extends PolicyOutputs {
  /** Uncertainty of the members that ran for each row, before any temperature. Not in regression. */
  readonly uncertainty?: Uncertainty;
  /** `memberVariance`: `[rows, outputs]`. Regression only. */
  readonly variance?: Outputs;
  /** Where the policy is conformal, for classes. */
  readonly sets?: PredictionSets;
  /** Where the policy is conformal, for regression. */
  readonly intervals?: PredictionIntervals;
  /** 1 for each row about which the ensemble is too unsure to answer, where the policy abstains: `[rows]`. */
  readonly abstain?: Uint8Array;
}

/**
 * Members' outputs → the ensemble's: combine (through the cascade, where there is one), then the temperature.
 * `predictions` holds all members, oldest first; the policy names those that it uses.
 */
export function predictWithPolicy(policy: EnsemblePolicy, predictions: Predictions): PolicyOutputs {
  checkKind('predictWithPolicy', policy.kind, predictions.classes);
  const members = pickMembers(predictions, policy.members);
  const { kind, combine: rule, weights, temperature, cascade } = policy;
  if (kind === 'regression') {
    if (cascade !== undefined) checkCascadeKind('predictWithPolicy', kind, predictions.classes);
    return { outputs: combine(members, rule, { kind, weights }) };
  }
  const pooled =
    cascade === undefined
      ? { outputs: combine(members, rule, { kind, weights }) }
      : runCascade(members, cascade, { combine: rule, kind: cascadeKind(kind), weights });
  if (pooled.outputs.rows === 0) return pooled;
  const inner = kind === 'logits' ? 'probabilities' : kind;
  // Nobody else holds this array: the temperature may be applied in place.
  const into = pooled.outputs.data;
  return {
    ...pooled,
    outputs: applyTemperature(pooled.outputs, temperature, { kind: inner, into }),
  };
}

/**
 * Everything that a policy says about the rows: outputs, uncertainty, prediction sets or intervals, and which rows it
 * refuses.
 */
export function applyPolicy(policy: EnsemblePolicy, predictions: Predictions): PolicyResult {
  const pooled = predictWithPolicy(policy, predictions);
  const { kind, conformal, abstain } = policy;
  const refused = abstain && {
    abstain: refusedRows(abstainScores(policy, predictions, pooled, abstain.score), abstain),
  };
  if (kind === 'regression') {
    const members = pickMembers(predictions, policy.members);
    return {
      ...pooled,
      variance: memberVariance(members, policy.weights),
      ...(conformal && { intervals: predictionIntervals(pooled.outputs, conformal) }),
      ...refused,
    };
  }
  return {
    ...pooled,
    uncertainty: uncertaintyOfRows(policy, predictions, pooled, kind),
    ...(conformal && {
      sets: predictionSets(pooled.outputs, conformal, { kind: setKind(kind) }),
    }),
    ...refused,
  };
}

function uncertaintyOfRows(
  policy: EnsemblePolicy,
  predictions: Predictions,
  pooled: PolicyOutputs,
  kind: Exclude<EnsemblePolicy['kind'], 'regression'>,
): Uncertainty {
  if (pooled.membersUsed === undefined) {
    const members = pickMembers(predictions, policy.members);
    return uncertainty(members, { kind, weights: policy.weights });
  }
  const ofRows = (part: keyof Uncertainty): Float64Array =>
    byStage(
      policy,
      predictions,
      pooled,
      (members, weights) => uncertainty(members, { kind, weights })[part],
    );
  return {
    predictiveEntropy: ofRows('predictiveEntropy'),
    expectedEntropy: ofRows('expectedEntropy'),
    mutualInformation: ofRows('mutualInformation'),
  };
}

type ClassKind = 'probabilities' | 'logits' | 'binary';

function cascadeKind(kind: EnsemblePolicy['kind']): ClassKind {
  if (kind === 'multi-label' || kind === 'regression') {
    throw new RangeError(
      `predictWithPolicy: a cascade is not for kind '${kind}': its rows have no single confidence.`,
    );
  }
  return kind;
}

function setKind(kind: EnsemblePolicy['kind']): 'probabilities' | 'binary' {
  if (kind === 'multi-label') {
    throw new RangeError(
      "applyPolicy: kind 'multi-label' has no prediction sets: its labels are independent.",
    );
  }
  return kind === 'binary' ? 'binary' : 'probabilities';
}
