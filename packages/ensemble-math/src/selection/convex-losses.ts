import type { Floats } from '../shapes.ts';
import { safeLog, smallestProbability } from '../softmax.ts';
import type { SelectionProblem } from './problem.ts';
import type { Derivatives } from './simplex.ts';

/** A loss of the weights, convex on the simplex. */
export type LossOfWeights = (weights: Float64Array) => Derivatives;

/** NLL of the weighted mean. Only the probabilities of the labels matter: −mean ln Σₘ wₘ aₘ. */
export function nllOfMean({ predictions, labels }: SelectionProblem): LossOfWeights {
  const { members, rows, classes } = predictions;
  const own = members.map((values) =>
    Float64Array.from({ length: rows }, (_, row) =>
      Math.max(values[row * classes + labels[row]!]!, smallestProbability),
    ),
  );
  return (weights) => {
    const count = members.length;
    const sums = emptySums(count);
    const ratios = new Float64Array(count);
    for (let row = 0; row < rows; row++) {
      let mixed = 0;
      for (let m = 0; m < count; m++) mixed += weights[m]! * own[m]![row]!;
      sums.value -= Math.log(mixed);
      for (let m = 0; m < count; m++) ratios[m] = own[m]![row]! / mixed;
      for (let m = 0; m < count; m++) {
        sums.gradient[m] = sums.gradient[m]! - ratios[m]!;
        for (let k = 0; k < count; k++) {
          sums.hessian[m * count + k] = sums.hessian[m * count + k]! + ratios[m]! * ratios[k]!;
        }
      }
    }
    return divided(sums, rows);
  };
}

/** NLL of the normalised geometric mean: mean of ln Σ꜀ exp(Σₘ wₘ ln p꜀ₘ) − Σₘ wₘ ln p(label)ₘ, a log-sum-exp. */
export function nllOfGeometricMean({ predictions, labels }: SelectionProblem): LossOfWeights {
  const { members, rows, classes } = predictions;
  const logs = members.map((values: Floats) => Float64Array.from(values, safeLog));
  return (weights) => {
    const count = members.length;
    const sums = emptySums(count);
    const pooled = new Float64Array(classes);
    const expected = new Float64Array(count);
    for (let row = 0; row < rows; row++) {
      const start = row * classes;
      for (let c = 0; c < classes; c++) {
        let log = 0;
        for (let m = 0; m < count; m++) log += weights[m]! * logs[m]![start + c]!;
        pooled[c] = log;
      }
      const label = pooled[labels[row]!]!;
      const max = Math.max(...pooled);
      let total = 0;
      for (let c = 0; c < classes; c++) total += pooled[c] = Math.exp(pooled[c]! - max);
      sums.value += max + Math.log(total) - label;
      for (let m = 0; m < count; m++) {
        let sum = 0;
        for (let c = 0; c < classes; c++) sum += (pooled[c]! / total) * logs[m]![start + c]!;
        expected[m] = sum;
        sums.gradient[m] = sums.gradient[m]! + sum - logs[m]![start + labels[row]!]!;
      }
      for (let m = 0; m < count; m++) {
        for (let k = 0; k <= m; k++) {
          let covariance = 0;
          for (let c = 0; c < classes; c++) {
            covariance +=
              (pooled[c]! / total) *
              (logs[m]![start + c]! - expected[m]!) *
              (logs[k]![start + c]! - expected[k]!);
          }
          sums.hessian[m * count + k] = sums.hessian[m * count + k]! + covariance;
          if (k !== m) sums.hessian[k * count + m] = sums.hessian[k * count + m]! + covariance;
        }
      }
    }
    return divided(sums, rows);
  };
}

/** Squared error of the weighted mean, wᵀGw, with G the mean products of the members' errors. */
export function squaredLossOfMean(problem: SelectionProblem): LossOfWeights {
  const products = errorProducts(problem);
  const count = problem.predictions.members.length;
  return (weights) => {
    let value = 0;
    const gradient = new Float64Array(count);
    for (let m = 0; m < count; m++) {
      let sum = 0;
      for (let k = 0; k < count; k++) sum += products[m * count + k]! * weights[k]!;
      gradient[m] = 2 * sum;
      value += weights[m]! * sum;
    }
    return { value, gradient, hessian: products.map((product) => 2 * product) };
  };
}

function errorProducts({ predictions, labels, kind }: SelectionProblem): Float64Array {
  const { members, rows, classes } = predictions;
  const count = members.length;
  const target =
    kind === 'regression'
      ? (i: number): number => labels[i]!
      : (i: number): number => (labels[Math.floor(i / classes)] === i % classes ? 1 : 0);
  const products = new Float64Array(count * count);
  const errors = new Float64Array(count);
  for (let i = 0; i < rows * classes; i++) {
    const wanted = target(i);
    for (let m = 0; m < count; m++) errors[m] = members[m]![i]! - wanted;
    for (let m = 0; m < count; m++) {
      for (let k = 0; k < count; k++) {
        products[m * count + k] = products[m * count + k]! + errors[m]! * errors[k]!;
      }
    }
  }
  const terms = kind === 'regression' ? rows * classes : rows;
  return products.map((product) => product / terms);
}

interface Sums {
  value: number;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

function emptySums(members: number): Sums {
  return {
    value: 0,
    gradient: new Float64Array(members),
    hessian: new Float64Array(members * members),
  };
}

function divided({ value, gradient, hessian }: Sums, by: number): Derivatives {
  return {
    value: value / by,
    gradient: gradient.map((slope) => slope / by),
    hessian: hessian.map((curvature) => curvature / by),
  };
}
