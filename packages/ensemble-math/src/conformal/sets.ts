import { checkOutputs, checkProbabilities } from '../check.ts';
import type { ConformalPolicy } from '../policy.ts';
import type { Floats, Outputs } from '../shapes.ts';

/** Which classes belong to each row's prediction set: `[rows, classes]`, 1 for in and 0 for out. */
export interface PredictionSets {
  readonly data: Uint8Array;
  readonly rows: number;
  readonly classes: number;
}

/** The interval `[lower, upper]` of each output of each row: `[rows, classes]` each. */
export interface PredictionIntervals {
  readonly lower: Outputs;
  readonly upper: Outputs;
}

/** Every class whose score is at most the threshold. A set may be empty: no class is plausible at this alpha. */
export function predictionSets(probabilities: Outputs, conformal: ConformalPolicy): PredictionSets {
  checkProbabilities('predictionSets', probabilities);
  const { data, rows, classes } = probabilities;
  const sets = new Uint8Array(rows * classes);
  const scores = new Float64Array(classes);
  const score = rowScorer(conformal.method, classes);
  for (let row = 0; row < rows; row++) {
    score(data, row * classes, scores);
    for (let c = 0; c < classes; c++) {
      if (scores[c]! <= conformal.threshold) sets[row * classes + c] = 1;
    }
  }
  return { data: sets, rows, classes };
}

/** The prediction ± the threshold. */
export function predictionIntervals(
  outputs: Outputs,
  conformal: ConformalPolicy,
): PredictionIntervals {
  checkOutputs('predictionIntervals', outputs);
  const shift = (by: number): Outputs => ({
    ...outputs,
    data: Float64Array.from(outputs.data, (value) => value + by),
  });
  return { lower: shift(-conformal.threshold), upper: shift(conformal.threshold) };
}

/** Writes the score of each class of the row that starts at `start`. */
export type RowScorer = (probabilities: Floats, start: number, scores: Float64Array) => void;

/**
 * How strange each class of a row would be. `split`: 1 − p (Sadinle et al. 2019). `aps`: the probability of all
 * classes at least as likely, itself and ties included, at most 1 (Romano et al. 2020, without randomisation).
 */
export function rowScorer(method: ConformalPolicy['method'], classes: number): RowScorer {
  if (method === 'split') {
    return (probabilities, start, scores) => {
      for (let c = 0; c < classes; c++) scores[c] = 1 - probabilities[start + c]!;
    };
  }
  const order = Uint32Array.from({ length: classes }, (_, c) => c);
  return (probabilities, start, scores) => {
    order.sort((a, b) => probabilities[start + b]! - probabilities[start + a]!);
    let sum = 0;
    for (let i = 0; i < classes;) {
      const p = probabilities[start + order[i]!]!;
      let end = i;
      for (; end < classes && probabilities[start + order[end]!] === p; end++) sum += p;
      for (; i < end; i++) scores[order[i]!] = Math.min(1, sum);
    }
  };
}
