import { checkKindLabels } from '../kinds.ts';
import { errorLosses } from '../metrics/classification.ts';
import type { Labels, Predictions } from '../shapes.ts';
import { combineStage, confidenceOf, type CascadeOptions } from './run.ts';

/** What would come of each row if it left after stage k. */
export interface Stage {
  /** Highest probability of what is combined so far: `[rows]`. */
  readonly confidence: Float64Array;
  /** 1 where its class is the label's, else 0: `[rows]`. */
  readonly correct: Uint8Array;
  /** Rows by falling confidence. */
  readonly byConfidence: Uint32Array;
}

export interface CascadePoint {
  readonly thresholds: readonly number[];
  readonly accuracy: number;
  /** Members run per row, on average: in `[1, members]`. */
  readonly cost: number;
}

export function stagesOf(
  predictions: Predictions,
  labels: Labels,
  order: readonly number[],
  options: CascadeOptions,
): readonly Stage[] {
  const { rows, classes } = predictions;
  checkKindLabels('fitCascade', options.kind, labels, predictions);
  const kind = options.kind === 'binary' ? 'binary' : 'probabilities';
  return order.map((_, stage) => {
    const pooled = combineStage(predictions, order, stage, options);
    const errors = errorLosses(pooled, labels, { kind });
    const confidence = Float64Array.from({ length: rows }, (_, row) =>
      confidenceOf(pooled.data, row * classes, classes),
    );
    const correct = Uint8Array.from(errors, (error) => 1 - error);
    const byConfidence = Uint32Array.from({ length: rows }, (_, row) => row);
    byConfidence.sort((a, b) => confidence[b]! - confidence[a]!);
    return { confidence, correct, byConfidence };
  });
}

/** Accuracy and cost of thresholds on the stages' rows. */
export function pointOf(stages: readonly Stage[], thresholds: readonly number[]): CascadePoint {
  const rows = stages[0]!.correct.length;
  let hits = 0;
  let cost = 0;
  for (let row = 0; row < rows; row++) {
    const exit = exitOf(stages, thresholds, row, 0);
    hits += stages[exit]!.correct[row]!;
    cost += exit + 1;
  }
  return { thresholds, accuracy: hits / rows, cost: cost / rows };
}

/** The stage at which a row leaves that has come as far as stage `from`. */
export function exitOf(
  stages: readonly Stage[],
  thresholds: readonly number[],
  row: number,
  from: number,
): number {
  let stage = from;
  while (stage < thresholds.length && stages[stage]!.confidence[row]! < thresholds[stage]!) stage++;
  return stage;
}
