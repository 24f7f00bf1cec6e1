import { predictWithPolicy } from './apply-policy.ts';
import { fitTemperature } from './calibration/fit-temperature.ts';
import { fitCascade, type CascadeTarget } from './cascade/fit.ts';
import { checkCount, checkPredictions } from './check.ts';
import { fitConformal, fitConformalIntervals, type ConformalOptions } from './conformal/fit.ts';
import type { Metric } from './metrics/losses.ts';
import type { CombineRule, ConformalPolicy, EnsemblePolicy } from './policy.ts';
import { seededIntegers, shuffled } from './random.ts';
import { selectMembers, type MemberChoice } from './selection/select.ts';
import { gatherPredictions, pick, pickMembers, type Predictions } from './shapes.ts';
import { softmaxMembers } from './softmax.ts';

export interface FitPolicyOptions {
  /** What the members' values are. Default `'probabilities'`. */
  readonly kind?: EnsemblePolicy['kind'];
  /** Default `'meanProbabilities'`, in regression `'mean'`. */
  readonly combine?: CombineRule;
  /** Which members, and with which weights. Default `'all'`, equally. */
  readonly select?: MemberChoice;
  /** What the selection lowers. Default `'nll'`, in regression `'mse'`. */
  readonly metric?: Metric;
  /** A temperature, or `'fit'` for the one with the least NLL. Default `'fit'`; regression has none. */
  readonly temperature?: number | 'fit';
  /** Let rows leave early. Classification only. */
  readonly cascade?: { readonly target: CascadeTarget };
  /** Prediction sets, or intervals in regression. */
  readonly conformal?: ConformalOptions & {
    /** Share of the rows, at random, kept for the threshold and used for nothing else. Default 0.5. */
    readonly share?: number;
    /** Of the draw of those rows. Default 1. */
    readonly seed?: number;
  };
}

/**
 * The policy that these rows, held out from training, speak for: members and weights, then the cascade, then one
 * temperature on what the cascade puts out, then, on rows of its own, the conformal threshold of that. `labels` are
 * class indices `[rows]`, in regression targets `[rows, outputs]`. Report on other rows: see `evaluateEnsemble`.
 */
export function fitPolicy(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: FitPolicyOptions = {},
): EnsemblePolicy {
  checkPredictions('fitPolicy', predictions);
  const { conformal } = options;
  if (conformal === undefined) return fitPoint(predictions, labels, options);
  const [rest, own] = splitRows(predictions, labels, conformal.share ?? 0.5, conformal.seed ?? 1);
  const policy = fitPoint(...rest, options);
  return { ...policy, conformal: fitThreshold(policy, ...own, conformal) };
}

type LabelledRows = readonly [predictions: Predictions, labels: ArrayLike<number>];

function fitPoint(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: FitPolicyOptions,
): EnsemblePolicy {
  const kind = options.kind ?? 'probabilities';
  if (kind === 'regression') return fitRegression(predictions, labels, options);
  const probabilities = kind === 'logits' ? softmaxMembers(predictions) : predictions;
  const { select = 'all', metric = 'nll', combine = 'meanProbabilities' } = options;
  const selection = selectMembers(probabilities, labels, select, metric);
  const uncalibrated = { kind, combine, ...selection, temperature: 1 };
  const policy = options.cascade
    ? { ...uncalibrated, cascade: cascadeOf(uncalibrated, probabilities, labels, options.cascade) }
    : uncalibrated;
  const { temperature = 'fit' } = options;
  if (temperature !== 'fit') return { ...policy, temperature };
  const pooled = predictWithPolicy({ ...policy, kind: 'probabilities' }, probabilities).outputs;
  return { ...policy, temperature: fitTemperature(pooled, labels) };
}

function fitRegression(
  predictions: Predictions,
  targets: ArrayLike<number>,
  options: FitPolicyOptions,
): EnsemblePolicy {
  if (options.cascade !== undefined || typeof options.temperature === 'number') {
    throw new RangeError("fitPolicy: kind 'regression' takes neither a cascade nor a temperature.");
  }
  const { select = 'all', metric = 'mse', combine = 'mean' } = options;
  const selection = selectMembers(predictions, targets, select, metric);
  return { kind: 'regression', combine, ...selection, temperature: 1 };
}

function cascadeOf(
  { members, weights, combine }: EnsemblePolicy,
  probabilities: Predictions,
  labels: ArrayLike<number>,
  { target }: { readonly target: CascadeTarget },
): NonNullable<EnsemblePolicy['cascade']> {
  const picked = pickMembers(probabilities, members);
  return fitCascade(picked, labels, { combine, kind: 'probabilities', weights, target }).cascade;
}

function fitThreshold(
  policy: EnsemblePolicy,
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: ConformalOptions,
): ConformalPolicy {
  const { outputs } = predictWithPolicy(policy, predictions);
  return policy.kind === 'regression'
    ? fitConformalIntervals(outputs, labels, options)
    : fitConformal(outputs, labels, options);
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
