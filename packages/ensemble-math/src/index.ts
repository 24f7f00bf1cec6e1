export { applyPolicy, predictWithPolicy } from './apply-policy.ts';
export type { PolicyOutputs, PolicyResult } from './apply-policy.ts';
export { applyTemperature } from './calibration/temperature.ts';
export { runCascade } from './cascade/run.ts';
export type { CascadeOptions, CascadeResult } from './cascade/run.ts';
export { combine } from './combine/combine.ts';
export type { CombineOptions } from './combine/combine.ts';
export { predictionIntervals, predictionSets } from './conformal/sets.ts';
export type { PredictionIntervals, PredictionSets } from './conformal/sets.ts';
export { adaptiveEce, adaptiveReliability, ece, reliability } from './metrics/calibration-error.ts';
export type { CalibrationOptions, ReliabilityBin } from './metrics/calibration-error.ts';
export { accuracy, brier, errorRate, nll, topKAccuracy } from './metrics/classification.ts';
export { meanPolicy } from './policy.ts';
export type { CascadePolicy, CombineRule, ConformalPolicy, EnsemblePolicy } from './policy.ts';
export { memberOutputs, pickMembers, sliceRows, unstack } from './shapes.ts';
export type { Floats, Labels, Outputs, Predictions, StackShape } from './shapes.ts';
export { smallestProbability, softmax } from './softmax.ts';
export { entropy } from './uncertainty/entropy.ts';
export {
  expectedEntropy,
  mutualInformation,
  predictiveEntropy,
  uncertainty,
} from './uncertainty/uncertainty.ts';
export type { Uncertainty, UncertaintyOptions } from './uncertainty/uncertainty.ts';
export { memberSpread, memberVariance } from './uncertainty/variance.ts';
