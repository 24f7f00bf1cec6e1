import { adaptiveEce, ece } from '../metrics/calibration-error.ts';
import { accuracy, brier, nll } from '../metrics/classification.ts';
import type { PooledKind } from '../metrics/losses.ts';
import { mae, mse, r2 } from '../metrics/regression.ts';
import type { Outputs } from '../shapes.ts';
import type { Judged } from './verdict.ts';

/** `nll` in nats, `brier` summed over classes, `ece` and `adaptiveEce` over 15 bins; multi-label: means over labels. */
export interface ClassificationScores {
  readonly accuracy: number;
  readonly nll: number;
  readonly brier: number;
  readonly ece: number;
  readonly adaptiveEce: number;
}

export interface RegressionScores {
  readonly mse: number;
  readonly mae: number;
  readonly r2: number;
}

export type Scores = ClassificationScores | RegressionScores;

/** The same outputs as trained, and after a temperature that was fitted on other rows. */
export interface JudgedScores {
  readonly raw: Scores;
  readonly calibrated?: Scores;
}

export function judgedScores(
  kind: PooledKind,
  { raw, calibrated }: Judged,
  labels: ArrayLike<number>,
): JudgedScores {
  return {
    raw: scoresOf(kind, raw, labels),
    ...(calibrated && { calibrated: scoresOf(kind, calibrated, labels) }),
  };
}

/** The scores of outputs of a kind; logits are scored as the probabilities they become. */
export function scoresOf(kind: PooledKind, outputs: Outputs, labels: ArrayLike<number>): Scores {
  if (kind === 'regression') {
    return { mse: mse(outputs, labels), mae: mae(outputs, labels), r2: r2(outputs, labels) };
  }
  return classificationScores(kind, outputs, labels);
}

export function classificationScores(
  kind: Exclude<PooledKind, 'regression'>,
  outputs: Outputs,
  labels: ArrayLike<number>,
): ClassificationScores {
  return {
    accuracy: accuracy(outputs, labels, { kind }),
    nll: nll(outputs, labels, { kind }),
    brier: brier(outputs, labels, { kind }),
    ece: ece(outputs, labels, { kind }),
    adaptiveEce: adaptiveEce(outputs, labels, { kind }),
  };
}
