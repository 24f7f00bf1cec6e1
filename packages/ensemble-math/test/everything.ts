// What the golden files are about, index or not.
export { applyPolicy, predictWithPolicy } from '../src/apply-policy.ts';
export type { PolicyResult } from '../src/apply-policy.ts';
export type { PolicyOutputs } from '../src/policy-outputs.ts';
export { crossValidateTemperature, fitTemperature } from '../src/calibration/fit-temperature.ts';
export type {
  CrossValidatedTemperature,
  CrossValidationOptions,
} from '../src/calibration/fit-temperature.ts';
export { applyTemperature } from '../src/calibration/temperature.ts';
export { cascadeOrder, fitCascade } from '../src/cascade/fit.ts';
export type { CascadeTarget, FitCascadeOptions, FittedCascade } from '../src/cascade/fit.ts';
export { runCascade } from '../src/cascade/run.ts';
export type { CascadeOptions, CascadeResult } from '../src/cascade/run.ts';
export type { CascadePoint } from '../src/cascade/stages.ts';
export { combine } from '../src/combine/combine.ts';
export type { CombineOptions } from '../src/combine/combine.ts';
export { fitConformal } from '../src/conformal/fit.ts';
export type { ConformalOptions, FitConformalOptions } from '../src/conformal/fit.ts';
export { predictionIntervals, predictionSets } from '../src/conformal/sets.ts';
export type { PredictionIntervals, PredictionSets } from '../src/conformal/sets.ts';
export { ambiguity, brierAmbiguity } from '../src/diversity/ambiguity.ts';
export type { Ambiguity } from '../src/diversity/ambiguity.ts';
export { deepEnsembleEquivalent } from '../src/diversity/deep-ensemble-equivalent.ts';
export { outputCorrelation, pairwiseDisagreement } from '../src/diversity/pairwise.ts';
export type { PairMatrix } from '../src/diversity/pairwise.ts';
export { meanInterval } from '../src/evaluate/interval.ts';
export type { Interval, IntervalOptions } from '../src/evaluate/interval.ts';
export type { LabelledRows } from '../src/evaluate/labelled-rows.ts';
export { evaluateEnsemble } from '../src/evaluate/evaluate.ts';
export type { EvaluateOptions } from '../src/evaluate/evaluate.ts';
export type {
  CascadeReport,
  ConformalReport,
  DiversityReport,
  EnsembleReport,
  UncertaintyReport,
  UncertaintySummary,
} from '../src/evaluate/report.ts';
export type {
  ClassificationScores,
  JudgedScores,
  RegressionScores,
  Scores,
} from '../src/evaluate/scores.ts';
export { judgeEnsemble } from '../src/evaluate/verdict.ts';
export type { Contestant, Judged, VerdictOptions } from '../src/evaluate/verdict.ts';
export type {
  Comparison,
  ContestantVerdict,
  Measure,
  Outcome,
  Verdict,
} from '../src/evaluate/comparison.ts';
export { fitAbstain, type FitAbstainOptions } from '../src/abstain/fit.ts';
export { scoresOf } from '../src/evaluate/scores.ts';
export { energy } from '../src/uncertainty/energy.ts';
export type { OutputKind, ProbabilityKind } from '../src/kinds.ts';
export type { MetricOptions } from '../src/metrics/classification.ts';
export { fitPolicy } from '../src/fit-policy.ts';
export type { FitPolicyOptions } from '../src/fit-policy.ts';
export { auroc, errorAuroc } from '../src/metrics/auroc.ts';
export {
  adaptiveEce,
  adaptiveReliability,
  ece,
  reliability,
} from '../src/metrics/calibration-error.ts';
export type { CalibrationOptions, ReliabilityBin } from '../src/metrics/calibration-error.ts';
export { accuracy, brier, errorRate, nll, topKAccuracy } from '../src/metrics/classification.ts';
export { confusionMatrix } from '../src/metrics/confusion.ts';
export type { ConfusionMatrix } from '../src/metrics/confusion.ts';
export { pooledKind, rowLosses } from '../src/metrics/losses.ts';
export type { Metric, PooledKind } from '../src/metrics/losses.ts';
export { gaussianNll, mae, mse, r2 } from '../src/metrics/regression.ts';
export type { GaussianNllOptions, Targets } from '../src/metrics/regression.ts';
export { meanPolicy } from '../src/policy.ts';
export type {
  AbstainPolicy,
  AbstainScore,
  CascadePolicy,
  CombineRule,
  ConformalPolicy,
  EnsemblePolicy,
} from '../src/policy.ts';
export { convexWeights } from '../src/selection/convex-weights.ts';
export type { ConvexWeights, ConvexWeightsOptions } from '../src/selection/convex-weights.ts';
export { dropWorstMembers } from '../src/selection/drop-worst.ts';
export type { DropWorstOptions } from '../src/selection/drop-worst.ts';
export { greedyMembers } from '../src/selection/greedy.ts';
export type { GreedyOptions, Selection } from '../src/selection/greedy.ts';
export type { MemberChoice } from '../src/selection/select.ts';
export { bestMembers, lastMembers } from '../src/selection/simple.ts';
export type { BestMembersOptions } from '../src/selection/simple.ts';
export { memberOutputs, pickMembers, sliceRows, unstack } from '../src/shapes.ts';
export type { Floats, Labels, Outputs, Predictions, StackShape } from '../src/shapes.ts';
export { smallestProbability, softmax } from '../src/softmax.ts';
export { entropy } from '../src/uncertainty/entropy.ts';
export { uncertainty } from '../src/uncertainty/uncertainty.ts';
export type { Uncertainty, UncertaintyOptions } from '../src/uncertainty/uncertainty.ts';
export { memberVariance } from '../src/uncertainty/variance.ts';
export { riskCoverage } from '../src/unsure/risk-coverage.ts';
export type { RiskCoverage, RiskCoverageOptions } from '../src/unsure/risk-coverage.ts';
export { unknownInputs } from '../src/unsure/unknown-inputs.ts';
export type { UnknownInputsScore } from '../src/unsure/unknown-inputs.ts';
export { unsureness } from '../src/unsure/unsureness.ts';
