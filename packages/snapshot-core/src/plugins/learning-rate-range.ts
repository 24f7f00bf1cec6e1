/** What a range test saw at one step. */
export interface RangePoint {
  readonly learningRate: number;
  readonly loss: number;
  /** The loss, averaged exponentially over the steps so far. */
  readonly smoothedLoss: number;
}

export interface LearningRateRange {
  readonly points: readonly RangePoint[];
  /** Learning rate at which the loss grew out of bounds; undefined if it never did. */
  readonly divergedAt: number | undefined;
  /** A value for `lrInit`; undefined if the test does not justify one. */
  readonly suggestion: number | undefined;
  /** Why this value, or why none, as a sentence. */
  readonly reason: string;
}

/** Fewer points say nothing about where the loss falls fastest. */
const fewestPoints = 10;

/** Suggests the learning rate at which the smoothed loss falls fastest per decade. Smith 2017, §3.3. */
export function suggestLearningRate(
  points: readonly RangePoint[],
  divergedAt: number | undefined,
): LearningRateRange {
  const none = (reason: string): LearningRateRange => ({
    points,
    divergedAt,
    suggestion: undefined,
    reason,
  });
  if (points.length < fewestPoints) {
    const cause =
      divergedAt === undefined
        ? ''
        : `, because the loss grew out of bounds at ${text(divergedAt)}`;
    return none(
      `Only ${points.length} steps were made${cause}; begin at a lower learning rate, or run more steps.`,
    );
  }
  const lowest = points.reduce((a, b) => (b.smoothedLoss < a.smoothedLoss ? b : a));
  const { slope, learningRate } = steepestFall(points, points.indexOf(lowest));
  if (!(slope < 0)) {
    return none('The loss never fell: check the data and the model, or begin at a lower rate.');
  }
  const end =
    divergedAt === undefined
      ? 'it never grew out of bounds: a test that goes higher may find a higher rate'
      : `it grew out of bounds at ${text(divergedAt)}`;
  const reason = `The smoothed loss falls fastest at ${text(learningRate)}, is lowest at ${text(lowest.learningRate)}; ${end}.`;
  return { points, divergedAt, suggestion: learningRate, reason };
}

/** The steepest fall before the minimum, over windows of a few steps. */
function steepestFall(
  points: readonly RangePoint[],
  end: number,
): { readonly slope: number; readonly learningRate: number } {
  const width = Math.max(2, Math.round(points.length / 20));
  let best = { slope: 0, learningRate: Number.NaN };
  for (let start = 0; start + width <= end; start += 1) {
    const from = points[start]!;
    const to = points[start + width]!;
    const decades = Math.log10(to.learningRate / from.learningRate);
    const slope = (to.smoothedLoss - from.smoothedLoss) / decades;
    const middle = points[start + Math.floor(width / 2)]!;
    if (slope < best.slope) best = { slope, learningRate: middle.learningRate };
  }
  return best;
}

function text(learningRate: number): string {
  return learningRate.toPrecision(2);
}
