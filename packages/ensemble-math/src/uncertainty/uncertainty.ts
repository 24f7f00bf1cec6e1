import { checkPredictions, checkRowSum, memberWeights } from '../check.ts';
import { checkOptions } from '../options.ts';
import {
  checkKind,
  checkUnit,
  isTwoSided,
  membersAsClasses,
  rowMeans,
  type OutputKind,
} from '../kinds.ts';
import { softmaxRow } from '../softmax.ts';
import type { Predictions } from '../shapes.ts';
import { entropyOfRow } from './entropy.ts';

export interface UncertaintyOptions {
  /** What the members' values are. */
  readonly kind: Exclude<OutputKind, 'regression'>;
  /** One per member; non-negative, sum 1. Default equal. */
  readonly weights?: readonly number[];
}

/**
 * In nats, `[rows]` each; `predictiveEntropy = expectedEntropy + mutualInformation`. Of a binary value those of its two
 * sides, of a multi-label row the means over its labels.
 */
export interface Uncertainty {
  /** H[Σₘ wₘ pₘ], in `[0, ln classes]`: how unsure the ensemble is. */
  readonly predictiveEntropy: Float64Array;
  /** Σₘ wₘ H[pₘ], in `[0, ln classes]`: how unsure its members are on average. */
  readonly expectedEntropy: Float64Array;
  /** The difference, ≥ 0: how far the members disagree (BALD). Houlsby et al. 2011, eq. 1. */
  readonly mutualInformation: Float64Array;
}

/**
 * The three entropies of the members' probabilities. The ensemble's distribution here is always the weighted
 * arithmetic mean before any temperature, whatever the combine rule: only for it is the difference never negative.
 */
export function uncertainty(predictions: Predictions, options: UncertaintyOptions): Uncertainty {
  const where = 'uncertainty';
  checkOptions(where, options, { kind: true, weights: true });
  checkPredictions(where, predictions);
  const { kind } = options;
  checkKind(where, kind, predictions.classes);
  if ((kind as OutputKind) === 'regression') {
    throw new RangeError(`${where}: kind 'regression' has no entropies; use memberVariance.`);
  }
  if (!isTwoSided(kind)) return entropies(kind, predictions, options.weights);
  predictions.members.forEach((values) => {
    checkUnit(where, kind, values);
  });
  const both = membersAsClasses(kind, predictions);
  const each = entropies('probabilities', both, options.weights);
  return {
    predictiveEntropy: rowMeans(each.predictiveEntropy, predictions.classes),
    expectedEntropy: rowMeans(each.expectedEntropy, predictions.classes),
    mutualInformation: rowMeans(each.mutualInformation, predictions.classes),
  };
}

function entropies(
  kind: 'probabilities' | 'logits',
  predictions: Predictions,
  given?: readonly number[],
): Uncertainty {
  const { members, rows, classes } = predictions;
  const weights = memberWeights('uncertainty', members.length, given);
  const predictiveEntropy = new Float64Array(rows);
  const expectedEntropy = new Float64Array(rows);
  const mutualInformation = new Float64Array(rows);
  const mean = new Float64Array(classes);
  const member = new Float64Array(classes);
  for (let row = 0; row < rows; row++) {
    mean.fill(0);
    let expected = 0;
    for (let m = 0; m < members.length; m++) {
      const weight = weights[m]!;
      readRow(members[m]!, row, kind, member);
      expected += weight * entropyOfRow(member, 0, classes);
      for (let c = 0; c < classes; c++) mean[c] = mean[c]! + weight * member[c]!;
    }
    const predictive = entropyOfRow(mean, 0, classes);
    predictiveEntropy[row] = predictive;
    expectedEntropy[row] = expected;
    mutualInformation[row] = Math.max(0, predictive - expected);
  }
  return { predictiveEntropy, expectedEntropy, mutualInformation };
}

/** One member's row as probabilities, checked. */
function readRow(
  values: Predictions['members'][number],
  row: number,
  kind: 'probabilities' | 'logits',
  out: Float64Array,
): void {
  const classes = out.length;
  const start = row * classes;
  let sum = 0;
  if (kind === 'logits') {
    sum = softmaxRow(values, start, classes, 1, out, 0);
  } else {
    let least = 0;
    for (let c = 0; c < classes; c++) {
      const value = values[start + c]!;
      out[c] = value;
      sum += value;
      if (value < least) least = value;
    }
    if (least < 0) sum = least;
  }
  checkRowSum('uncertainty', row, sum);
}
