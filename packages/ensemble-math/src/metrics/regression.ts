import { checkFinite, checkLength, checkOutputs, checkSomeRows } from '../check.ts';
import { checkOptions } from '../options.ts';
import type { Outputs } from '../shapes.ts';
import { mean } from './classification.ts';

/** What the outputs should have been: `[rows, outputs]`, row-major. */
export type Targets = ArrayLike<number>;

/** Mean squared error over rows and outputs, in squared units. */
export function mse(outputs: Outputs, targets: Targets): number {
  return mean(squaredLosses(outputs, targets));
}

/** Mean absolute error over rows and outputs, in the units of the targets. */
export function mae(outputs: Outputs, targets: Targets): number {
  return mean(absoluteLosses(outputs, targets));
}

/**
 * Coefficient of determination, 1 − Σ (y − ŷ)² / Σ (y − ȳ)² of each output, averaged over outputs; at most 1. An
 * output whose targets are all equal counts 1 if predicted exactly, else 0.
 */
export function r2(outputs: Outputs, targets: Targets): number {
  checkTargets('r2', outputs, targets);
  const { data, rows, classes } = outputs;
  let total = 0;
  for (let c = 0; c < classes; c++) {
    let sum = 0;
    for (let i = c; i < data.length; i += classes) sum += targets[i]!;
    const centre = sum / rows;
    let residual = 0;
    let spread = 0;
    for (let i = c; i < data.length; i += classes) {
      residual += (targets[i]! - data[i]!) ** 2;
      spread += (targets[i]! - centre) ** 2;
    }
    if (spread > 0) total += 1 - residual / spread;
    else total += residual === 0 ? 1 : 0;
  }
  return total / classes;
}

export interface GaussianNllOptions {
  /** Variances below this count as this. Default 0, which refuses a variance of 0. */
  readonly minVariance?: number;
}

/** Mean over rows and outputs of ½ ln(2πσ²) + (y − μ)² / 2σ², in nats; `variance` is `[rows, outputs]`. */
export function gaussianNll(
  outputs: Outputs,
  variance: Outputs,
  targets: Targets,
  options: GaussianNllOptions = {},
): number {
  checkOptions('gaussianNll', options, { minVariance: true });
  const { minVariance = 0 } = options;
  checkTargets('gaussianNll', outputs, targets);
  checkOutputs('gaussianNll', variance);
  checkLength('gaussianNll', 'variance', variance.data.length, outputs.data.length);
  let sum = 0;
  outputs.data.forEach((value: number, i: number) => {
    const spread = Math.max(variance.data[i]!, minVariance);
    if (!(spread > 0)) {
      throw new RangeError(
        `gaussianNll: variance ${i} is ${variance.data[i]}; it must be above 0, or pass minVariance.`,
      );
    }
    sum += (Math.log(2 * Math.PI * spread) + (targets[i]! - value) ** 2 / spread) / 2;
  });
  return sum / outputs.data.length;
}

/** Squared error of each row, averaged over its outputs: `[rows]`. */
export function squaredLosses(outputs: Outputs, targets: Targets): Float64Array {
  checkTargets('mse', outputs, targets);
  return rowMeans(outputs, (value, i) => (targets[i]! - value) ** 2);
}

/** Absolute error of each row, averaged over its outputs: `[rows]`. */
export function absoluteLosses(outputs: Outputs, targets: Targets): Float64Array {
  checkTargets('mae', outputs, targets);
  return rowMeans(outputs, (value, i) => Math.abs(targets[i]! - value));
}

function rowMeans(
  { data, rows, classes }: Outputs,
  loss: (value: number, index: number) => number,
): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) sum += loss(data[i]!, i);
    return sum / classes;
  });
}

export function checkTargets(where: string, outputs: Outputs, targets: Targets): void {
  checkOutputs(where, outputs);
  checkSomeRows(where, outputs.rows);
  checkFinite(where, outputs.data);
  checkLength(where, 'targets', targets.length, outputs.data.length);
  checkFinite(`${where}, targets`, targets);
}
