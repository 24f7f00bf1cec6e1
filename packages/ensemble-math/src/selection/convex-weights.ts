import { checkLabels, checkPredictions, checkProbabilities } from '../check.ts';
import { checkTargets } from '../metrics/regression.ts';
import { memberOutputs, type Labels, type Predictions } from '../shapes.ts';
import { smallestProbability } from '../softmax.ts';
import { minimiseOnSimplex, type Derivatives } from './simplex.ts';

export interface ConvexWeightsOptions {
  /** What the weighted mean shall have little of. Default `'nll'`. */
  readonly metric?: 'nll' | 'brier' | 'mse';
}

export interface ConvexWeights {
  /** One per member; non-negative, sum 1. */
  readonly weights: readonly number[];
  /** Loss of the weighted mean. */
  readonly loss: number;
  /** Upper bound on how much less any other weights could lose. */
  readonly gap: number;
}

/**
 * The weights with which the mean of the members loses least. A convex problem with one answer, found by Newton's
 * method on the simplex and certified by its duality gap. Not unique where members are equal to each other.
 */
export function convexWeights(
  predictions: Predictions,
  labels: ArrayLike<number>,
  { metric = 'nll' }: ConvexWeightsOptions = {},
): ConvexWeights {
  checkPredictions('convexWeights', predictions);
  const evaluate =
    metric === 'nll'
      ? nllOfWeights(predictions, labels)
      : squaredLossOfWeights(predictions, labels, metric);
  const { weights, value, gap } = minimiseOnSimplex(predictions.members.length, evaluate);
  return { weights: [...weights], loss: value, gap };
}

/** Only the probabilities of the labels matter: −mean ln Σₘ wₘ aₘ. */
function nllOfWeights(
  predictions: Predictions,
  labels: Labels,
): (weights: Float64Array) => Derivatives {
  const { members, rows, classes } = predictions;
  checkLabels('convexWeights', labels, rows, classes);
  const own = members.map((values, m) => {
    checkProbabilities('convexWeights', memberOutputs(predictions, m));
    return Float64Array.from({ length: rows }, (_, row) =>
      Math.max(values[row * classes + labels[row]!]!, smallestProbability),
    );
  });
  return (weights) => {
    const count = members.length;
    let value = 0;
    const gradient = new Float64Array(count);
    const hessian = new Float64Array(count * count);
    const ratios = new Float64Array(count);
    for (let row = 0; row < rows; row++) {
      let mixed = 0;
      for (let m = 0; m < count; m++) mixed += weights[m]! * own[m]![row]!;
      value -= Math.log(mixed);
      for (let m = 0; m < count; m++) ratios[m] = own[m]![row]! / mixed;
      for (let m = 0; m < count; m++) {
        gradient[m] = gradient[m]! - ratios[m]!;
        for (let k = 0; k < count; k++) {
          hessian[m * count + k] = hessian[m * count + k]! + ratios[m]! * ratios[k]!;
        }
      }
    }
    return {
      value: value / rows,
      gradient: gradient.map((slope) => slope / rows),
      hessian: hessian.map((curvature) => curvature / rows),
    };
  };
}

/** wᵀGw, with G the mean products of the members' errors. */
function squaredLossOfWeights(
  predictions: Predictions,
  labels: ArrayLike<number>,
  metric: 'brier' | 'mse',
): (weights: Float64Array) => Derivatives {
  const products = errorProducts(predictions, labels, metric);
  const count = predictions.members.length;
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

function errorProducts(
  predictions: Predictions,
  labels: ArrayLike<number>,
  metric: 'brier' | 'mse',
): Float64Array {
  const { members, rows, classes } = predictions;
  const count = members.length;
  if (metric === 'brier') checkLabels('convexWeights', labels, rows, classes);
  members.forEach((_, m) => {
    if (metric === 'brier') checkProbabilities('convexWeights', memberOutputs(predictions, m));
    else checkTargets('convexWeights', memberOutputs(predictions, m), labels);
  });
  const target =
    metric === 'mse'
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
  const terms = metric === 'mse' ? rows * classes : rows;
  return products.map((product) => product / terms);
}
