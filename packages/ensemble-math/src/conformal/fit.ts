import { checkLabels, checkProbabilities } from '../check.ts';
import { checkTargets, type Targets } from '../metrics/regression.ts';
import type { ConformalPolicy } from '../policy.ts';
import type { Labels, Outputs } from '../shapes.ts';
import { rowScorer } from './sets.ts';

export interface ConformalOptions {
  /** `split` sets are the smallest on average; `aps` sets adapt to how hard the row is. Default `'split'`. */
  readonly method?: ConformalPolicy['method'];
  /** Allowed share of rows whose set misses the label; in (0, 1). */
  readonly alpha: number;
}

/**
 * The threshold under which sets hold the label of a new, exchangeable row with probability at least 1 − alpha: the
 * ⌈(n + 1)(1 − alpha)⌉-th smallest score of the n rows. With fewer than 1/alpha − 1 rows it is 1, every class.
 * The probabilities must be those that will be served: pooled, calibrated, through the cascade.
 */
export function fitConformal(
  probabilities: Outputs,
  labels: Labels,
  { method = 'split', alpha }: ConformalOptions,
): ConformalPolicy {
  checkProbabilities('fitConformal', probabilities);
  const { data, rows, classes } = probabilities;
  checkLabels('fitConformal', labels, rows, classes);
  const all = new Float64Array(classes);
  const score = rowScorer(method, classes);
  const scores = Float64Array.from({ length: rows }, (_, row) => {
    score(data, row * classes, all);
    return all[labels[row]!]!;
  });
  return { method, alpha, threshold: quantile(scores, alpha) ?? 1 };
}

/**
 * The half-width within which all outputs of a new, exchangeable row lie with probability at least 1 − alpha: the
 * same quantile of each row's largest absolute residual. Refuses fewer than 1/alpha − 1 rows: no width would do.
 */
export function fitConformalIntervals(
  outputs: Outputs,
  targets: Targets,
  { alpha }: Pick<ConformalOptions, 'alpha'>,
): ConformalPolicy {
  const { data, rows, classes } = outputs;
  checkTargets('fitConformalIntervals', outputs, targets);
  const scores = Float64Array.from({ length: rows }, (_, row) => {
    let widest = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      widest = Math.max(widest, Math.abs(targets[i]! - data[i]!));
    }
    return widest;
  });
  const threshold = quantile(scores, alpha);
  if (threshold === undefined) {
    throw new RangeError(
      `fitConformalIntervals: ${rows} rows are too few for alpha ${alpha}; at least ${Math.ceil(1 / alpha - 1)} are needed.`,
    );
  }
  return { method: 'split', alpha, threshold };
}

/** (n + 1)(1 − alpha) is often an integer but for rounding, and must not be lifted to the next. */
const rounding = 1e-9;

function quantile(scores: Float64Array, alpha: number): number | undefined {
  if (!(alpha > 0 && alpha < 1)) {
    throw new RangeError(`fitConformal: alpha is ${alpha}; it must lie in (0, 1).`);
  }
  const rank = Math.ceil((scores.length + 1) * (1 - alpha) - rounding);
  return scores.sort()[Math.max(rank, 1) - 1];
}
