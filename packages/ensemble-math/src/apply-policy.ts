import { applyTemperature } from './calibration/temperature.ts';
import { runCascade } from './cascade/run.ts';
import { combine } from './combine/combine.ts';
import {
  predictionIntervals,
  predictionSets,
  type PredictionIntervals,
  type PredictionSets,
} from './conformal/sets.ts';
import type { EnsemblePolicy } from './policy.ts';
import { pickMembers, type Outputs, type Predictions } from './shapes.ts';
import { uncertainty, type Uncertainty } from './uncertainty/uncertainty.ts';
import { memberVariance } from './uncertainty/variance.ts';

/** What a policy makes of its members' outputs. */
export interface PolicyOutputs {
  /** `[rows, classes]`: calibrated probabilities, or values in regression. */
  readonly outputs: Outputs;
  /** How many members ran for each row, where the policy has a cascade: `[rows]`. */
  readonly membersUsed?: Uint32Array;
}

export interface PolicyResult extends PolicyOutputs {
  /** Of all the policy's members, cascade or not, before any temperature. Classification only. */
  readonly uncertainty?: Uncertainty;
  /** `memberVariance`: `[rows, outputs]`. Regression only. */
  readonly variance?: Outputs;
  /** Where the policy is conformal, for classification. */
  readonly sets?: PredictionSets;
  /** Where the policy is conformal, for regression. */
  readonly intervals?: PredictionIntervals;
}

/**
 * Members' outputs → the ensemble's: combine (through the cascade, where there is one), then the temperature.
 * `predictions` holds all members at hand, oldest first, of which the policy names its own.
 */
export function predictWithPolicy(policy: EnsemblePolicy, predictions: Predictions): PolicyOutputs {
  const members = pickMembers(predictions, policy.members);
  const { kind, combine: rule, weights, temperature, cascade } = policy;
  if (kind === 'regression') return { outputs: combine(members, rule, { kind, weights }) };
  const pooled =
    cascade === undefined
      ? { outputs: combine(members, rule, { kind, weights }) }
      : runCascade(members, cascade, { combine: rule, kind, weights });
  // Nobody else holds this array: the temperature may be applied in place.
  return { ...pooled, outputs: applyTemperature(pooled.outputs, temperature, pooled.outputs.data) };
}

/** All that a policy says about the rows: outputs, uncertainty, prediction sets or intervals. */
export function applyPolicy(policy: EnsemblePolicy, predictions: Predictions): PolicyResult {
  const pooled = predictWithPolicy(policy, predictions);
  const members = pickMembers(predictions, policy.members);
  const { kind, weights, conformal } = policy;
  if (kind === 'regression') {
    return {
      ...pooled,
      variance: memberVariance(members, weights),
      ...(conformal && { intervals: predictionIntervals(pooled.outputs, conformal) }),
    };
  }
  return {
    ...pooled,
    uncertainty: uncertainty(members, { kind, weights }),
    ...(conformal && { sets: predictionSets(pooled.outputs, conformal) }),
  };
}
