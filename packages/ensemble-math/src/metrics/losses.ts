import type { Outputs } from '../shapes.ts';
import { brierLosses, errorLosses, mean, nllLosses } from './classification.ts';
import { absoluteLosses, squaredLosses } from './regression.ts';

/** A loss that is a mean over rows; lower is better. The first three are for probabilities, the others for regression. */
export type Metric = 'error' | 'nll' | 'brier' | 'mse' | 'mae';

const byMetric: Record<Metric, (outputs: Outputs, labels: ArrayLike<number>) => Float64Array> = {
  error: errorLosses,
  nll: nllLosses,
  brier: brierLosses,
  mse: squaredLosses,
  mae: absoluteLosses,
};

/** The loss of each row: `[rows]`. `labels` are class indices, in regression the targets `[rows, outputs]`. */
export function rowLosses(
  metric: Metric,
  outputs: Outputs,
  labels: ArrayLike<number>,
): Float64Array {
  return byMetric[metric](outputs, labels);
}

/** The mean of `rowLosses`. */
export function loss(metric: Metric, outputs: Outputs, labels: ArrayLike<number>): number {
  return mean(rowLosses(metric, outputs, labels));
}

export function isRegressionMetric(metric: Metric): metric is 'mse' | 'mae' {
  return metric === 'mse' || metric === 'mae';
}
