import {
  checkFinite,
  checkLabels,
  checkLength,
  checkPredictions,
  checkSomeRows,
  memberWeights,
} from '../check.ts';
import type { Labels, Predictions } from '../shapes.ts';
import type { Targets } from '../metrics/regression.ts';

/** `ensembleError = memberError − ambiguity`, all of them means over rows. */
export interface Ambiguity {
  /** Loss of the weighted mean of the members. */
  readonly ensembleError: number;
  /** Weighted mean of the members' losses. */
  readonly memberError: number;
  /** Weighted mean squared distance of the members from their mean: what averaging gains. */
  readonly ambiguity: number;
}

/**
 * The ambiguity decomposition of squared error (Krogh and Vedelsby 1995, eq. 6), averaged over rows and outputs:
 * `ensembleError` is the `mse` of the weighted mean.
 */
export function ambiguity(
  predictions: Predictions,
  targets: Targets,
  weights?: readonly number[],
): Ambiguity {
  checkLength('ambiguity', 'targets', targets.length, predictions.rows * predictions.classes);
  checkFinite('ambiguity, targets', targets);
  const total = decompose('ambiguity', predictions, (i) => targets[i]!, weights);
  return divide(total, predictions.rows * predictions.classes);
}

/** The same of probabilities about one-hot labels, averaged over rows: `ensembleError` is the `brier` of the mean. */
export function brierAmbiguity(
  probabilities: Predictions,
  labels: Labels,
  weights?: readonly number[],
): Ambiguity {
  const { rows, classes } = probabilities;
  checkLabels('brierAmbiguity', labels, rows, classes);
  const oneHot = (i: number): number => (labels[Math.floor(i / classes)] === i % classes ? 1 : 0);
  return divide(decompose('brierAmbiguity', probabilities, oneHot, weights), rows);
}

function decompose(
  where: string,
  predictions: Predictions,
  target: (index: number) => number,
  weights?: readonly number[],
): Ambiguity {
  checkPredictions(where, predictions);
  const { members, rows, classes } = predictions;
  checkSomeRows(where, rows);
  const shares = memberWeights(where, members.length, weights);
  let ensembleError = 0;
  let memberError = 0;
  let spread = 0;
  for (let i = 0; i < rows * classes; i++) {
    const wanted = target(i);
    let mean = 0;
    for (let m = 0; m < members.length; m++) mean += shares[m]! * members[m]![i]!;
    for (let m = 0; m < members.length; m++) {
      memberError += shares[m]! * (members[m]![i]! - wanted) ** 2;
      spread += shares[m]! * (members[m]![i]! - mean) ** 2;
    }
    ensembleError += (mean - wanted) ** 2;
  }
  checkFinite(where, [ensembleError, memberError]);
  return { ensembleError, memberError, ambiguity: spread };
}

function divide({ ensembleError, memberError, ambiguity }: Ambiguity, by: number): Ambiguity {
  return {
    ensembleError: ensembleError / by,
    memberError: memberError / by,
    ambiguity: ambiguity / by,
  };
}
