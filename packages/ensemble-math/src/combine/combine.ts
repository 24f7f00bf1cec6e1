import { checkLength, checkPredictions, checkRowSum, memberWeights } from '../check.ts';
import { checkOptions } from '../options.ts';
import { checkKind, checkUnit, isTwoSided, type OutputKind } from '../kinds.ts';
import type { CombineRule } from '../policy.ts';
import type { Floats, Outputs, Predictions } from '../shapes.ts';
import { rowsPerBlock, type Block, type Kernel } from './block.ts';
import {
  softmaxOfWeightedSum,
  weightedGeometric,
  weightedSum,
  weightedSumOfSoftmax,
} from './mean.ts';
import { medianOf, medianOfProbabilities, medianOfSoftmax } from './median.ts';
import { positiveVotes, sigmoidOfWeightedLogOdds } from './two-sided.ts';
import { votes } from './vote.ts';

export interface CombineOptions {
  /** What the members' values are. */
  readonly kind: OutputKind;
  /** One per member; non-negative, sum 1. Default equal. */
  readonly weights?: readonly number[];
  /** Where to write, `[rows, classes]`; must not overlap the members. Default a new Float64Array. */
  readonly into?: Floats;
}

// Both sides of a two-sided value come out of these as from the rules for classes 0 and 1.
const twoSided: Partial<Record<CombineRule, Kernel>> = {
  meanProbabilities: weightedSum,
  meanLogits: sigmoidOfWeightedLogOdds,
  geometricMean: sigmoidOfWeightedLogOdds,
  medianProbabilities: medianOf,
  majorityVote: positiveVotes,
};

const kernels: Record<OutputKind, Partial<Record<CombineRule, Kernel>>> = {
  probabilities: {
    meanProbabilities: weightedSum,
    // The logits of a distribution are its log-probabilities up to a constant per row, which softmax ignores.
    meanLogits: weightedGeometric,
    geometricMean: weightedGeometric,
    medianProbabilities: medianOfProbabilities,
    majorityVote: votes,
  },
  logits: {
    meanProbabilities: weightedSumOfSoftmax,
    meanLogits: softmaxOfWeightedSum,
    geometricMean: softmaxOfWeightedSum,
    medianProbabilities: medianOfSoftmax,
    majorityVote: votes,
  },
  binary: twoSided,
  'multi-label': twoSided,
  regression: { mean: weightedSum, median: medianOf },
};

/**
 * Members' outputs `[members, rows, classes]` → one output `[rows, classes]`, in float64, members added in order.
 *
 * - `meanProbabilities`: Σₘ wₘ pₘ, the soft vote. Huang et al. 2017, §3.
 * - `meanLogits`, `geometricMean`: softmax(Σₘ wₘ zₘ) = Πₘ pₘ^wₘ normalised; one and the same thing. Probabilities
 *   below `smallestProbability` count as that.
 * - `medianProbabilities`: weighted median of each class, rows divided by their sums; all zero becomes uniform.
 * - `majorityVote`: share of the weight that votes for each class. A member torn between classes votes for the
 *   lowest; so does whoever takes the highest share of the result.
 * - `mean`, `median`: regression, value by value. A median halfway between two members is their mean.
 *
 * Binary and multi-label outputs are combined value by value, as classes 0 and 1 would be: `meanLogits` is
 * σ(Σₘ wₘ ln(pₘ / (1 − pₘ))), a member at ½ votes for 0.
 *
 * Refuses NaN, infinite results and values that the kind does not allow. Never copies the members.
 */
export function combine(
  predictions: Predictions,
  rule: CombineRule,
  options: CombineOptions,
): Outputs {
  const where = `combine(${rule})`;
  checkOptions(where, options, { kind: true, weights: true, into: true });
  checkPredictions(where, predictions);
  const { kind } = options;
  checkKind(where, kind, predictions.classes);
  const kernel = kernelOf(where, kind, rule);
  const { members, rows, classes } = predictions;
  if (isTwoSided(kind)) {
    members.forEach((values) => {
      checkUnit(where, kind, values);
    });
  }
  const data = options.into ?? new Float64Array(rows * classes);
  checkLength(where, 'into', data.length, rows * classes);
  const weights = memberWeights(where, members.length, options.weights);
  runKernel(where, kernel, { members, rows, classes, weights, kind, data });
  return { data, rows, classes };
}

/** Refuses a rule that does not apply to the kind. */
export function checkRule(where: string, kind: OutputKind, rule: CombineRule): void {
  kernelOf(where, kind, rule);
}

function kernelOf(where: string, kind: OutputKind, rule: CombineRule): Kernel {
  const kernel = kernels[kind][rule];
  if (kernel !== undefined) return kernel;
  throw new RangeError(
    `${where}: rule '${rule}' does not apply to kind '${kind}'; rules for it: ${Object.keys(kernels[kind]).join(', ')}.`,
  );
}

interface Run extends Predictions {
  readonly weights: readonly number[];
  readonly kind: OutputKind;
  readonly data: Floats;
}

function runKernel(where: string, kernel: Kernel, run: Run): void {
  const { members, rows, classes, weights, kind, data } = run;
  const step = rowsPerBlock(rows, classes);
  const block: Block = {
    members,
    weights,
    classes,
    start: 0,
    rows: step,
    pooled: new Float64Array(step * classes),
    scratch: new Float64Array(kind === 'logits' ? members.length * step * classes : 0),
  };
  for (let row = 0; row < rows; row += step) {
    block.start = row * classes;
    block.rows = Math.min(step, rows - row);
    kernel(block);
    if (kind === 'regression') writeValues(where, block, data);
    else if (isTwoSided(kind)) writeUnit(block, data);
    else writeDistributions(where, block, row, data);
  }
}

function writeDistributions(where: string, block: Block, firstRow: number, data: Floats): void {
  const { pooled, rows, classes, start } = block;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    let least = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      const value = pooled[i]!;
      sum += value;
      if (value < least) least = value;
      data[start + i] = value;
    }
    checkRowSum(where, firstRow + row, least < 0 ? least : sum);
  }
}

/** The weights may sum to a little more than 1. */
function writeUnit({ pooled, rows, classes, start }: Block, data: Floats): void {
  for (let i = 0; i < rows * classes; i++) data[start + i] = Math.min(1, pooled[i]!);
}

function writeValues(where: string, { pooled, rows, classes, start }: Block, data: Floats): void {
  for (let i = 0; i < rows * classes; i++) {
    const value = pooled[i]!;
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `${where}: row ${Math.floor((start + i) / classes)} holds a NaN or an infinity.`,
      );
    }
    data[start + i] = value;
  }
}
