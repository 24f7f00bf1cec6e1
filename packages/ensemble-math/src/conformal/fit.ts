import { checkSomeRows } from '../check.ts';
import { asClasses, checkKind, checkKindLabels, checkValues } from '../kinds.ts';
import type { PooledKind } from '../metrics/losses.ts';
import { checkOptions } from '../options.ts';
import type { ConformalPolicy } from '../policy.ts';
import type { Floats, Outputs } from '../shapes.ts';
import { rowSupport } from './sets.ts';

export interface ConformalOptions {
  /**
   * `split` sets are the smallest on average; `aps` sets adapt to how hard the row is; `absolute` for regression.
   * Default `'split'`, in regression `'absolute'`.
   */
  readonly method?: ConformalPolicy['method'];
  /** Share of rows whose set may miss the label; in (0, 1). */
  readonly alpha: number;
  /** Whether the promise is to hold for the rows of each class on their own. Default false. */
  readonly classConditional?: boolean;
}

export interface FitConformalOptions extends ConformalOptions {
  /** What the outputs are. */
  readonly kind: PooledKind;
}

/**
 * Room for rounding, as a share of what must speak for a class: served values are float32, summed in another order, and
 * what is just enough here may come out a little less there. Without it a vote of 10 members, whose shares are tenths,
 * covers 0.76 in the place of 0.93.
 */
const float32Share = 2 ** -12;

/**
 * The threshold under which sets (in regression intervals) hold the truth of a new, exchangeable row with probability at
 * least 1 − alpha: the ⌈(n + 1)(1 − alpha)⌉-th smallest score of the n rows. With fewer than 1/alpha − 1 rows (of a
 * class, where `classConditional`) sets hold every class, and intervals are refused. The outputs must be those that will
 * be served: pooled, calibrated, through the cascade. Not for multi-label outputs. Vovk et al. 2005, §4.5.
 */
export function fitConformal(
  outputs: Outputs,
  labels: ArrayLike<number>,
  options: FitConformalOptions,
): ConformalPolicy {
  const where = 'fitConformal';
  checkOptions(where, options, { kind: true, method: true, alpha: true, classConditional: true });
  const { kind, method = kind === 'regression' ? 'absolute' : 'split', alpha } = options;
  checkConformal(where, kind, options);
  checkValues(where, kind, outputs);
  checkSomeRows(where, outputs.rows);
  checkKindLabels(where, kind, labels, outputs);
  if (kind === 'regression') return fitIntervals(outputs, labels, alpha);
  const classed = asClasses(kind, outputs);
  const support = labelSupport(classed, labels, method);
  const threshold = thresholdOf(support, alpha);
  if (options.classConditional !== true) return { method, alpha, threshold };
  const classThresholds = Array.from({ length: classed.classes }, (_, c) =>
    thresholdOf(
      support.filter((_, row) => labels[row] === c),
      alpha,
    ),
  );
  return { method, alpha, threshold, classThresholds };
}

/** Refuses what no conformal policy can be fitted for. */
export function checkConformal(where: string, kind: PooledKind, options: ConformalOptions): void {
  const { alpha, method, classConditional } = options;
  checkKind(where, kind, kind === 'binary' ? 1 : 2);
  if (!(alpha > 0 && alpha < 1)) {
    throw new RangeError(`${where}: alpha is ${alpha}; it must lie in (0, 1).`);
  }
  if (kind === 'multi-label') {
    throw new RangeError(
      `${where}: kind 'multi-label' has no prediction sets: its labels are independent. Leave conformal out.`,
    );
  }
  const allowed = kind === 'regression' ? ['absolute'] : ['split', 'aps'];
  if (method !== undefined && !allowed.includes(method)) {
    throw new RangeError(
      `${where}: method '${method}' is not for kind '${kind}'; allowed: ${allowed.join(', ')}.`,
    );
  }
  if (kind === 'regression' && classConditional === true) {
    throw new RangeError(`${where}: classConditional is for classes, not for kind 'regression'.`);
  }
}

/** The probability that speaks for the label of each row. */
function labelSupport(
  { data, rows, classes }: Outputs,
  labels: ArrayLike<number>,
  method: ConformalPolicy['method'],
): Float64Array {
  const all = new Float64Array(classes);
  const supportOf = rowSupport(method, classes);
  return Float64Array.from({ length: rows }, (_, row) => {
    supportOf(data, row * classes, all);
    return all[labels[row]!]!;
  });
}

/** Where rows are too few nothing needs to speak for a class. */
function thresholdOf(support: Float64Array, alpha: number): number {
  const least = quantile(
    support.map((value) => -value),
    alpha,
  );
  return least === undefined ? 1 : roomyThreshold(-least);
}

/** The threshold where at least `support` must speak for a class. */
export function roomyThreshold(support: number): number {
  return 1 - support * (1 - float32Share);
}

function fitIntervals(
  { data, rows, classes }: Outputs,
  targets: ArrayLike<number>,
  alpha: number,
): ConformalPolicy {
  const scores = Float64Array.from({ length: rows }, (_, row) => {
    let widest = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      widest = Math.max(widest, Math.abs(targets[i]! - data[i]!));
    }
    return widest;
  });
  const width = quantile(scores, alpha);
  if (width === undefined) {
    throw new RangeError(
      `fitConformal: ${rows} rows are too few for alpha ${alpha}; at least ${Math.ceil(1 / alpha - 1)} are needed.`,
    );
  }
  return { method: 'absolute', alpha, threshold: width + intervalRoom(data) };
}

/** The same room for values: they are served to about 2⁻²⁰ of the largest. */
export function intervalRoom(values: Floats): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return 2 ** -20 * largest;
}

/** (n + 1)(1 − alpha) is often an integer but for rounding, and must not be lifted to the next. */
const rounding = 1e-9;

function quantile(scores: Float64Array, alpha: number): number | undefined {
  const rank = Math.ceil((scores.length + 1) * (1 - alpha) - rounding);
  return Float64Array.from(scores).sort()[Math.max(rank, 1) - 1];
}
