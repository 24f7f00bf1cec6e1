import { checkAbstain, fitAbstain, type FitAbstainOptions } from './abstain/fit.ts';
import { predictWithPolicy } from './apply-policy.ts';
import { fitTemperature } from './calibration/fit-temperature.ts';
import { checkTemperature } from './calibration/temperature.ts';
import { fitCascade, type CascadeTarget } from './cascade/fit.ts';
import { checkCascadeKind } from './cascade/run.ts';
import { checkCount } from './check.ts';
import { checkConformal, fitConformal, type ConformalOptions } from './conformal/fit.ts';
import type { OutputKind } from './kinds.ts';
import { pooledKind, type Metric } from './metrics/losses.ts';
import { checkOptions } from './options.ts';
import type { CombineRule, EnsemblePolicy } from './policy.ts';
import { seededIntegers, shuffled } from './random.ts';
import { selectionProblem, type SelectionProblem } from './selection/problem.ts';
import { selectMembers, type MemberChoice } from './selection/select.ts';
import { gatherPredictions, pick, pickMembers, type Predictions } from './shapes.ts';

export interface FitPolicyOptions {
  /** What the members' values are. */
  readonly kind: OutputKind;
  /** Default `'meanProbabilities'`, in regression `'mean'`. */
  readonly combine?: CombineRule;
  /** Which members, and with which weights. Default `'all'`, equally. */
  readonly select?: MemberChoice;
  /** What the selection lowers. Default `'nll'`, in regression `'mse'`. */
  readonly metric?: Metric;
  /**
   * A temperature, or `'fit'` for what `fitTemperature` finds, which is 1 where the rows do not justify another.
   * Default `'fit'`; regression has none.
   */
  readonly temperature?: number | 'fit';
  /** Lets rows leave early. Not for regression and multi-label outputs. */
  readonly cascade?: { readonly target: CascadeTarget };
  /** Prediction sets, or intervals in regression. Not for multi-label outputs. */
  readonly conformal?: ConformalOptions & {
    /** Share of the rows, at random, kept for the threshold and used for nothing else. Default 0.5. */
    readonly share?: number;
    /** Seed of the draw of those rows. Default 1. */
    readonly seed?: number;
  };
  /** Refuses the rows about which the ensemble is least sure. */
  readonly abstain?: FitAbstainOptions;
}

/**
 * The best policy by these rows, which were held out from training: members and weights, then the cascade, then one
 * temperature on what the cascade puts out, then the threshold of abstention, and last, on rows of its own, the
 * conformal threshold. With a cascade the last three are fitted for the stage at which each row stops. `labels` are as
 * `kind` defines them, in regression the targets `[rows, outputs]`. Report on other rows: see `evaluateEnsemble`.
 */
export function fitPolicy(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: FitPolicyOptions,
): EnsemblePolicy {
  checkFitOptions(options);
  const problem = selectionProblem('fitPolicy', predictions, labels, options);
  checkParts(options, predictions.classes);
  const { conformal } = options;
  if (conformal === undefined) return fitPoint(predictions, labels, problem, options);
  const [rest, own] = splitRows(predictions, labels, conformal.share ?? 0.5, conformal.seed ?? 1);
  const policy = fitPoint(...rest, selectionProblem('fitPolicy', ...rest, options), options);
  const { outputs } = predictWithPolicy(policy, own[0]);
  const kind = pooledKind(options.kind);
  // How rows were split is no business of the fit.
  const ofFit = { ...conformal, share: undefined, seed: undefined };
  return { ...policy, conformal: fitConformal(outputs, own[1], { kind, ...ofFit }) };
}

type LabelledRows = readonly [predictions: Predictions, labels: ArrayLike<number>];

function fitPoint(
  predictions: Predictions,
  labels: ArrayLike<number>,
  problem: SelectionProblem,
  options: FitPolicyOptions,
): EnsemblePolicy {
  const { kind, select = 'all', cascade } = options;
  const selection = selectMembers(problem, select);
  const uncalibrated = { kind, combine: problem.rule, ...selection, temperature: 1 };
  const policy = cascade
    ? { ...uncalibrated, cascade: cascadeOf(uncalibrated, problem, cascade.target) }
    : uncalibrated;
  const calibrated = {
    ...policy,
    temperature: temperatureOf(policy, labels, predictions, options),
  };
  if (options.abstain === undefined) return calibrated;
  return { ...calibrated, abstain: fitAbstain(calibrated, predictions, options.abstain) };
}

function temperatureOf(
  policy: EnsemblePolicy,
  labels: ArrayLike<number>,
  predictions: Predictions,
  { kind, temperature = 'fit' }: FitPolicyOptions,
): number {
  if (kind === 'regression') return 1;
  if (temperature !== 'fit') return temperature;
  const { outputs } = predictWithPolicy(policy, predictions);
  return fitTemperature(outputs, labels, { kind: kind === 'logits' ? 'probabilities' : kind });
}

function cascadeOf(
  { members, weights, combine }: EnsemblePolicy,
  { predictions, labels }: SelectionProblem,
  target: CascadeTarget,
): NonNullable<EnsemblePolicy['cascade']> {
  const picked = pickMembers(predictions, members);
  return fitCascade(picked, labels, { combine, kind: 'probabilities', weights, target }).cascade;
}

function checkFitOptions(options: FitPolicyOptions): void {
  checkOptions('fitPolicy', options, {
    kind: true,
    combine: true,
    select: true,
    metric: true,
    temperature: true,
    cascade: true,
    conformal: true,
    abstain: true,
  });
  checkOptions('fitPolicy, cascade', options.cascade, { target: true });
  checkOptions('fitPolicy, conformal', options.conformal, {
    method: true,
    alpha: true,
    classConditional: true,
    share: true,
    seed: true,
  });
}

/** All that can be refused before anything is fitted. */
function checkParts(options: FitPolicyOptions, columns: number): void {
  const { kind, temperature, cascade, conformal, abstain } = options;
  if (typeof temperature === 'number') {
    checkTemperature('fitPolicy', temperature);
    if (kind === 'regression') {
      throw new RangeError("fitPolicy: kind 'regression' has no temperature. Leave it out.");
    }
  }
  if (cascade !== undefined) checkCascadeKind('fitPolicy', kind, columns);
  if (conformal !== undefined) checkConformal('fitPolicy', pooledKind(kind), conformal);
  if (abstain !== undefined) checkAbstain('fitPolicy', kind, abstain);
}

function splitRows(
  predictions: Predictions,
  labels: ArrayLike<number>,
  share: number,
  seed: number,
): readonly [rest: LabelledRows, own: LabelledRows] {
  const { rows } = predictions;
  const count = Math.round(rows * share);
  checkCount('fitPolicy', `conformal.share of ${rows} rows, ${share},`, count, 1, rows - 1);
  const order = shuffled(rows, seededIntegers(seed));
  const width = labels.length / rows;
  const part = (chosen: Uint32Array): LabelledRows => [
    gatherPredictions(predictions, chosen),
    pick(labels, chosen, width),
  ];
  return [part(order.subarray(count)), part(order.subarray(0, count))];
}
