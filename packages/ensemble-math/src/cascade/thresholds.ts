import { exitOf, pointOf, type CascadePoint, type Stage } from './stages.ts';

/** Prices of one more member, in accuracy: from next to nothing to more than any member can bring. */
const prices: readonly number[] = Array.from({ length: 49 }, (_, i) => 10 ** (-6 + i / 8));
/** Thresholds tried per stage: quantiles of the confidences, few enough not to follow single rows. */
const quantiles = 100;
const maxSweeps = 20;

/** The accuracy-cost points worth having, cheapest first; the last is the whole ensemble or better. */
export function costCurve(stages: readonly Stage[]): readonly CascadePoint[] {
  const candidates = stages.slice(0, -1).map(candidatesOf);
  let thresholds: readonly number[] = candidates.map(() => 1);
  const points = [pointOf(stages, thresholds)];
  for (const price of prices) {
    thresholds = bestThresholds(stages, candidates, price, thresholds);
    points.push(pointOf(stages, thresholds));
  }
  return undominated(points);
}

/** Thresholds in (0, 1], falling: 1 and the quantiles of the stage's confidences. */
function candidatesOf({ confidence, byConfidence }: Stage): readonly number[] {
  const rows = byConfidence.length;
  const chosen = Array.from({ length: quantiles }, (_, i) => {
    const rank = Math.ceil(((i + 1) * rows) / quantiles) - 1;
    return Math.min(1, confidence[byConfidence[rank]!]!);
  });
  return [...new Set([1, ...chosen])];
}

/** Maximises accuracy − price · cost, one stage at a time given the others, until none moves: it only ever rises. */
function bestThresholds(
  stages: readonly Stage[],
  candidates: readonly (readonly number[])[],
  price: number,
  start: readonly number[],
): readonly number[] {
  const thresholds = [...start];
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let moved = false;
    for (let stage = thresholds.length - 1; stage >= 0; stage--) {
      const best = bestThreshold(stages, thresholds, stage, candidates[stage]!, price);
      moved ||= best !== thresholds[stage];
      thresholds[stage] = best;
    }
    if (!moved) break;
  }
  return thresholds;
}

/** Lets rows go in order of confidence and sums what each gains by it; the highest of equally good thresholds. */
function bestThreshold(
  stages: readonly Stage[],
  thresholds: readonly number[],
  stage: number,
  candidates: readonly number[],
  price: number,
): number {
  const { byConfidence, confidence, correct } = stages[stage]!;
  let best = 1;
  let bestGain = -Infinity;
  let gain = 0;
  let next = 0;
  for (const threshold of candidates) {
    for (; next < byConfidence.length && confidence[byConfidence[next]!]! >= threshold; next++) {
      const row = byConfidence[next]!;
      if (exitOf(stages, thresholds, row, 0) < stage) continue;
      const later = exitOf(stages, thresholds, row, stage + 1);
      gain += correct[row]! - stages[later]!.correct[row]! + price * (later - stage);
    }
    if (gain > bestGain) {
      bestGain = gain;
      best = threshold;
    }
  }
  return best;
}

function undominated(points: readonly CascadePoint[]): readonly CascadePoint[] {
  const sorted = [...points].sort((a, b) => a.cost - b.cost || b.accuracy - a.accuracy);
  let highest = -Infinity;
  return sorted.filter(({ accuracy }) => {
    const better = accuracy > highest;
    highest = Math.max(highest, accuracy);
    return better;
  });
}
