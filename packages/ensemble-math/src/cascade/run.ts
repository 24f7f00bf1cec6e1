import { checkPredictions, memberWeights } from '../check.ts';
import { combine } from '../combine/combine.ts';
import type { CascadePolicy, CombineRule } from '../policy.ts';
import { pickMembers, type Floats, type Outputs, type Predictions } from '../shapes.ts';

export interface CascadeOptions {
  readonly combine: CombineRule;
  readonly kind: 'probabilities' | 'logits';
  /** One per member; non-negative, sum 1; the members run so far share them out anew. Default equal. */
  readonly weights?: readonly number[];
}

export interface CascadeResult {
  /** Each row as combined from the members that ran for it. */
  readonly outputs: Outputs;
  /** How many members ran: `[rows]`. */
  readonly membersUsed: Uint32Array;
}

/**
 * Runs the members in order and lets a row go as soon as the highest probability of what is combined so far reaches
 * the stage's threshold; who passes none gets all members. Wang et al. 2022, §3. Positions in `cascade.order` are
 * positions in `predictions.members`.
 */
export function runCascade(
  predictions: Predictions,
  cascade: CascadePolicy,
  options: CascadeOptions,
): CascadeResult {
  checkPredictions('runCascade', predictions);
  const { rows, classes } = predictions;
  checkCascade(cascade, predictions.members.length);
  const membersUsed = new Uint32Array(rows);
  const data = new Float64Array(rows * classes);
  for (let stage = 0; stage < cascade.order.length; stage++) {
    const { data: pooled } = combineStage(predictions, cascade.order, stage, options);
    const threshold = cascade.thresholds[stage] ?? 0;
    for (let row = 0; row < rows; row++) {
      if (membersUsed[row] !== 0) continue;
      const start = row * classes;
      if (highest(pooled, start, classes) < threshold) continue;
      membersUsed[row] = stage + 1;
      for (let i = start; i < start + classes; i++) data[i] = pooled[i]!;
    }
  }
  return { outputs: { data, rows, classes }, membersUsed };
}

/** All rows as combined from the members of stages `[0, stage]`. */
export function combineStage(
  predictions: Predictions,
  order: readonly number[],
  stage: number,
  { combine: rule, kind, weights }: CascadeOptions,
): Outputs {
  const running = order.slice(0, stage + 1);
  const all = memberWeights('runCascade', predictions.members.length, weights);
  return combine(pickMembers(predictions, running), rule, {
    kind,
    weights: shareOut(running.map((member) => all[member]!)),
  });
}

/** Divided by their sum; equal where all are 0. */
function shareOut(weights: readonly number[]): readonly number[] {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return weights.map((weight) => (sum === 0 ? 1 / weights.length : weight / sum));
}

export function highest(values: Floats, start: number, classes: number): number {
  let max = values[start]!;
  for (let i = start + 1; i < start + classes; i++) if (values[i]! > max) max = values[i]!;
  return max;
}

function checkCascade({ order, thresholds }: CascadePolicy, members: number): void {
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== members || sorted.some((member, i) => member !== i)) {
    throw new RangeError(
      `runCascade: order is [${order.join(', ')}]; it must hold each of the ${members} members once.`,
    );
  }
  if (thresholds.length !== members - 1) {
    throw new RangeError(
      `runCascade: there are ${thresholds.length} thresholds for ${members} members; give one per stage but the last.`,
    );
  }
}
