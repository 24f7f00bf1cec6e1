import { checkOptions } from '../options.ts';
import type { Predictions } from '../shapes.ts';
import {
  nllOfGeometricMean,
  nllOfMean,
  squaredLossOfMean,
  type LossOfWeights,
} from './convex-losses.ts';
import { selectionProblem, type SelectionOptions, type SelectionProblem } from './problem.ts';
import { minimiseOnSimplex } from './simplex.ts';

export type ConvexWeightsOptions = SelectionOptions;

export interface ConvexWeights {
  /** One per member; non-negative, sum 1. */
  readonly weights: readonly number[];
  /** Loss of the members as combined with these weights. */
  readonly loss: number;
  /** Upper bound on how much less any other weights could lose. */
  readonly gap: number;
}

/**
 * The weights with which the combined members have the lowest loss. A convex problem with one answer, found by Newton's
 * method on the simplex and certified by its duality gap. Not unique where members are equal to each other. For the
 * means of probabilities (`nll`, `brier`) and of values (`mse`), and for the geometric mean and the mean of logits
 * (`nll`).
 */
export function convexWeights(
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: ConvexWeightsOptions,
): ConvexWeights {
  const where = 'convexWeights';
  checkOptions(where, options, { kind: true, combine: true, metric: true });
  return solveWeights(selectionProblem(where, predictions, labels, options));
}

export function solveWeights(problem: SelectionProblem): ConvexWeights {
  const members = problem.predictions.members.length;
  const { weights, value, gap } = minimiseOnSimplex(members, lossOfWeights(problem));
  return { weights: [...weights], loss: value, gap };
}

function lossOfWeights(problem: SelectionProblem): LossOfWeights {
  const { rule, metric } = problem;
  if (rule === 'meanProbabilities' && metric === 'nll') return nllOfMean(problem);
  if (rule === 'meanProbabilities' && metric === 'brier') return squaredLossOfMean(problem);
  if (rule === 'mean' && metric === 'mse') return squaredLossOfMean(problem);
  const isGeometric = rule === 'geometricMean' || rule === 'meanLogits';
  if (isGeometric && metric === 'nll') return nllOfGeometricMean(problem);
  throw new RangeError(
    `convexWeights: metric '${metric}' of rule '${rule}' is not convex in the weights. Convex are nll and brier of meanProbabilities, nll of geometricMean and meanLogits, mse of mean. Or select greedily.`,
  );
}
