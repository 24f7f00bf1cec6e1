import { checkConfidence } from '../evaluate/interval.ts';
import { normalQuantile } from '../evaluate/normal.ts';
import { pairedErrors } from '../evaluate/paired-errors.ts';
import { exitOf, pointOf, type CascadePoint, type Stage } from './stages.ts';

/** Thresholds tried: quantiles of the first stage's confidences. */
const quantiles = 200;

/** A loss of accuracy that the rows show not to be exceeded. */
export interface ShownLoss {
  /**
   * Share of the rows, in (0, 1), by which the accuracy may be lower than that of the whole ensemble, on other rows of the
   * same kind. These rows must show it: the upper end of the one-sided interval of the difference, paired by row, may not be higher.
   */
  readonly accuracyLoss: number;
  /** Of that interval, in (0, 1). Default 0.95. */
  readonly confidence?: number;
}

/**
 * The cheapest cascade with one threshold for all stages whose loss is shown. The threshold falls, from all members on,
 * until the first that does not show it: tested in an order fixed beforehand, so that trying many costs no confidence
 * (Angelopoulos et al. 2021, fixed sequence testing). Thresholds fitted one by one would be chosen by the labels that
 * are to judge them.
 */
export function cheapestShown(
  stages: readonly Stage[],
  { accuracyLoss, confidence = 0.95 }: ShownLoss,
): CascadePoint {
  checkShown(stages[0]!.correct.length, accuracyLoss, confidence);
  let thresholds: readonly number[] = stages.slice(1).map(() => 1);
  if (stages.length === 1) return pointOf(stages, thresholds);
  for (const threshold of fallingConfidences(stages[0]!)) {
    const next = stages.slice(1).map(() => threshold);
    if (leastGain(stages, next, confidence) < -accuracyLoss) break;
    thresholds = next;
  }
  return pointOf(stages, thresholds);
}

/** The lower end of the one-sided interval of the accuracy gained over all members. */
export function leastGain(
  stages: readonly Stage[],
  thresholds: readonly number[],
  confidence: number,
): number {
  const whole = stages.at(-1)!.correct;
  const gains = Float64Array.from(
    whole,
    (right, row) => stages[exitOf(stages, thresholds, row, 0)]!.correct[row]! - right,
  );
  return pairedErrors(gains, 2 * confidence - 1).gain.lower;
}

function fallingConfidences({ confidence, byConfidence }: Stage): readonly number[] {
  const rows = byConfidence.length;
  const chosen = Array.from({ length: quantiles }, (_, i) => {
    const rank = Math.ceil(((i + 1) * rows) / quantiles) - 1;
    return Math.min(1, confidence[byConfidence[rank]!]!);
  });
  return [...new Set(chosen)];
}

function checkShown(rows: number, accuracyLoss: number, confidence: number): void {
  if (!(accuracyLoss > 0 && accuracyLoss < 1)) {
    throw new RangeError(
      `fitCascade: target accuracyLoss is ${accuracyLoss}; it must lie in (0, 1). No number of rows shows that nothing is lost: give what may be, such as 0.001 for a tenth of a percentage point.`,
    );
  }
  checkConfidence('fitCascade, target', confidence);
  const z = Math.max(0, normalQuantile(confidence));
  // What the interval of rows without any difference reaches, solved for the rows.
  const least = Math.ceil((z * z * (1 - accuracyLoss)) / accuracyLoss);
  if (rows >= least) return;
  throw new RangeError(
    `fitCascade: ${rows} rows cannot show a loss of at most ${accuracyLoss} with confidence ${confidence}, even if the cascade never differed; that takes ${least}. Give more rows, or a larger accuracyLoss.`,
  );
}
