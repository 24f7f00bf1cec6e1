export { applyPolicy, predictWithPolicy } from './apply-policy.ts';
export type { PolicyOutputs, PolicyResult } from './apply-policy.ts';
export { crossValidateTemperature, fitTemperature } from './calibration/fit-temperature.ts';
export type {
  CrossValidatedTemperature,
  CrossValidationOptions,
} from './calibration/fit-temperature.ts';
export { applyTemperature } from './calibration/temperature.ts';
export { cascadeOrder, fitCascade } from './cascade/fit.ts';
export type { CascadeTarget, FitCascadeOptions, FittedCascade } from './cascade/fit.ts';
export { runCascade } from './cascade/run.ts';
export type { CascadeOptions, CascadeResult } from './cascade/run.ts';
export type { CascadePoint } from './cascade/stages.ts';
export { combine } from './combine/combine.ts';
export type { CombineOptions } from './combine/combine.ts';
export { fitConformal } from './conformal/fit.ts';
export type { ConformalOptions, FitConformalOptions } from './conformal/fit.ts';
export { predictionIntervals, predictionSets } from './conformal/sets.ts';
export type { PredictionIntervals, PredictionSets } from './conformal/sets.ts';
export { ambiguity, brierAmbiguity } from './diversity/ambiguity.ts';
export type { Ambiguity } from './diversity/ambiguity.ts';
export { deepEnsembleEquivalent } from './diversity/deep-ensemble-equivalent.ts';
export { outputCorrelation, pairMean, pairwiseDisagreement } from './diversity/pairwise.ts';
export type { PairMatrix } from './diversity/pairwise.ts';
export { bootstrapMean } from './evaluate/bootstrap.ts';
export type { BootstrapOptions, Interval } from './evaluate/bootstrap.ts';
export type { LabelledRows } from './evaluate/disjoint.ts';
export { evaluateEnsemble } from './evaluate/evaluate.ts';
export type { EvaluateOptions } from './evaluate/evaluate.ts';
export type {
  CalibrationReport,
  CascadeReport,
  ConformalReport,
  DiversityReport,
  EnsembleReport,
  UncertaintyReport,
  UncertaintySummary,
} from './evaluate/report.ts';
export type { ClassificationScores, RegressionScores, Scores } from './evaluate/scores.ts';
export { judgeEnsemble } from './evaluate/verdict.ts';
export type { Comparison, Contestant, Verdict, VerdictOptions } from './evaluate/verdict.ts';
export type { FitAbstainOptions } from './abstain/fit.ts';
export { abstainScores } from './abstain/scores.ts';
export { scoresOf } from './evaluate/scores.ts';
export { energy } from './uncertainty/energy.ts';
export type { OutputKind, ProbabilityKind } from './kinds.ts';
export type { MetricOptions } from './metrics/classification.ts';
export { fitPolicy } from './fit-policy.ts';
export type { FitPolicyOptions } from './fit-policy.ts';
export { auroc, errorAuroc } from './metrics/auroc.ts';
export { adaptiveEce, adaptiveReliability, ece, reliability } from './metrics/calibration-error.ts';
export type { CalibrationOptions, ReliabilityBin } from './metrics/calibration-error.ts';
export { accuracy, brier, errorRate, nll, topKAccuracy } from './metrics/classification.ts';
export { confusionMatrix } from './metrics/confusion.ts';
export type { ConfusionMatrix } from './metrics/confusion.ts';
export { pooledKind, rowLosses } from './metrics/losses.ts';
export type { Metric, PooledKind } from './metrics/losses.ts';
export { gaussianNll, mae, mse, r2 } from './metrics/regression.ts';
export type { GaussianNllOptions, Targets } from './metrics/regression.ts';
export { meanPolicy } from './policy.ts';
export type {
  AbstainPolicy,
  AbstainScore,
  CascadePolicy,
  CombineRule,
  ConformalPolicy,
  EnsemblePolicy,
} from './policy.ts';
export { convexWeights } from './selection/convex-weights.ts';
export type { ConvexWeights, ConvexWeightsOptions } from './selection/convex-weights.ts';
export { dropWorstMembers } from './selection/drop-worst.ts';
export type { DropWorstOptions } from './selection/drop-worst.ts';
export { greedyMembers } from './selection/greedy.ts';
export type { GreedyOptions, Selection } from './selection/greedy.ts';
export type { MemberChoice } from './selection/select.ts';
export { bestMembers, lastMembers } from './selection/simple.ts';
export type { BestMembersOptions } from './selection/simple.ts';
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
