import { adaptiveEce, ece } from '../metrics/calibration-error.ts';
import { accuracy, brier, nll } from '../metrics/classification.ts';
import { mae, mse, r2 } from '../metrics/regression.ts';
import type { EnsemblePolicy } from '../policy.ts';
import type { Outputs } from '../shapes.ts';

/** `nll` in nats, `brier` summed over classes, `ece` and `adaptiveEce` over 15 bins. */
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

export function scoresOf(
  kind: EnsemblePolicy['kind'],
  outputs: Outputs,
  labels: ArrayLike<number>,
): Scores {
  if (kind === 'regression') {
    return { mse: mse(outputs, labels), mae: mae(outputs, labels), r2: r2(outputs, labels) };
  }
  return classificationScores(outputs, labels);
}

export function classificationScores(
  outputs: Outputs,
  labels: ArrayLike<number>,
): ClassificationScores {
  return {
    accuracy: accuracy(outputs, labels),
    nll: nll(outputs, labels),
    brier: brier(outputs, labels),
    ece: ece(outputs, labels),
    adaptiveEce: adaptiveEce(outputs, labels),
  };
}
