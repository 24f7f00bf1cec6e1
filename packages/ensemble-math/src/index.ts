export { applyPolicy, predictWithPolicy } from './apply-policy.ts';
export type { PolicyResult } from './apply-policy.ts';
export type { PolicyOutputs } from './policy-outputs.ts';
export { fitTemperature } from './calibration/fit-temperature.ts';
export { applyTemperature } from './calibration/temperature.ts';
export { combine } from './combine/combine.ts';
export type { CombineOptions } from './combine/combine.ts';
export { deepEnsembleEquivalent } from './diversity/deep-ensemble-equivalent.ts';
export type { LabelledRows } from './evaluate/labelled-rows.ts';
export { evaluateEnsemble } from './evaluate/evaluate.ts';
export type { EvaluateOptions } from './evaluate/evaluate.ts';
export { meanInterval } from './evaluate/interval.ts';
export type { Interval, IntervalOptions } from './evaluate/interval.ts';
export type { EnsembleReport } from './evaluate/report.ts';
export { scoresOf } from './evaluate/scores.ts';
export type { ClassificationScores, RegressionScores, Scores } from './evaluate/scores.ts';
export { judgeEnsemble } from './evaluate/verdict.ts';
export type { Contestant, Judged, VerdictOptions } from './evaluate/verdict.ts';
export type { Comparison, Measure, Outcome, Verdict } from './evaluate/comparison.ts';
export { fitPolicy } from './fit-policy.ts';
export type { FitPolicyOptions } from './fit-policy.ts';
export type { OutputKind } from './kinds.ts';
export { auroc } from './metrics/auroc.ts';
export { ece, reliability } from './metrics/calibration-error.ts';
export type { ReliabilityBin } from './metrics/calibration-error.ts';
export { accuracy, brier, errorRate, nll, topKAccuracy } from './metrics/classification.ts';
export { confusionMatrix } from './metrics/confusion.ts';
export { pooledKind, rowLosses } from './metrics/losses.ts';
export type { Metric, PooledKind } from './metrics/losses.ts';
export { gaussianNll, mae, mse, r2 } from './metrics/regression.ts';
export { meanPolicy } from './policy.ts';
export type {
  AbstainPolicy,
  AbstainScore,
  CascadePolicy,
  CombineRule,
  ConformalPolicy,
  EnsemblePolicy,
} from './policy.ts';
export type { MemberChoice } from './selection/select.ts';
export { memberOutputs, pickMembers, sliceRows, unstack } from './shapes.ts';
export type { Floats, Labels, Outputs, Predictions } from './shapes.ts';
export { softmax } from './softmax.ts';
export { energy } from './uncertainty/energy.ts';
export { uncertainty } from './uncertainty/uncertainty.ts';
export type { Uncertainty } from './uncertainty/uncertainty.ts';
export { memberVariance } from './uncertainty/variance.ts';
export { riskCoverage } from './unsure/risk-coverage.ts';
export type { RiskCoverage } from './unsure/risk-coverage.ts';
export { unknownInputs } from './unsure/unknown-inputs.ts';
export type { UnknownInputsScore } from './unsure/unknown-inputs.ts';
export { unsureness } from './unsure/unsureness.ts';
