import { checkPredictions, memberWeights } from '../check.ts';
import { combine } from '../combine/combine.ts';
import { checkKind, type OutputKind } from '../kinds.ts';
import type { CascadePolicy, CombineRule } from '../policy.ts';
import { pickMembers, type Floats, type Outputs, type Predictions } from '../shapes.ts';

export interface CascadeOptions {
  readonly combine: CombineRule;
  /** What the members' values are. */
  readonly kind: 'probabilities' | 'logits' | 'binary';
  /** One per member; non-negative, sum 1; they are rescaled over the members that have run. Default equal. */
  readonly weights?: readonly number[];
}

export interface CascadeResult {
  /** Each row as combined from the members that ran for it. */
  readonly outputs: Outputs;
  /** How many members ran: `[rows]`. */
  readonly membersUsed: Uint32Array;
}

/**
 * Runs the members in order and lets a row go as soon as the confidence of what is combined so far reaches the stage's
 * threshold; a row that reaches none gets all members. The confidence is the highest probability, of a binary output
 * max(p, 1 − p). Wang et al. 2022, §3. Positions in `cascade.order` are
 * positions in `predictions.members`.
 */
export function runCascade(
  predictions: Predictions,
  cascade: CascadePolicy,
  options: CascadeOptions,
): CascadeResult {
  checkPredictions('runCascade', predictions);
  const { rows, classes } = predictions;
  checkCascadeKind('runCascade', options.kind, classes);
  checkCascade(cascade, predictions.members.length);
  const membersUsed = new Uint32Array(rows);
  const data = new Float64Array(rows * classes);
  for (let stage = 0; stage < cascade.order.length; stage++) {
    const { data: pooled } = combineStage(predictions, cascade.order, stage, options);
    const threshold = cascade.thresholds[stage] ?? 0;
    for (let row = 0; row < rows; row++) {
      if (membersUsed[row] !== 0) continue;
      const start = row * classes;
      if (confidenceOf(pooled, start, classes) < threshold) continue;
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
  { combine: rule, kind, weights: given }: CascadeOptions,
): Outputs {
  const all = memberWeights('runCascade', predictions.members.length, given);
  const running = stageMembers(predictions, order, stage, all);
  return combine(running.predictions, rule, { kind, weights: running.weights });
}

/** The members of stages `[0, stage]`, and their weights shared out anew. */
export function stageMembers(
  predictions: Predictions,
  order: readonly number[],
  stage: number,
  weights: readonly number[],
): { readonly predictions: Predictions; readonly weights: readonly number[] } {
  const running = order.slice(0, stage + 1);
  return {
    predictions: pickMembers(predictions, running),
    weights: shareOut(running.map((member) => weights[member]!)),
  };
}

/** Divided by their sum; equal where all are 0. */
function shareOut(weights: readonly number[]): readonly number[] {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return weights.map((weight) => (sum === 0 ? 1 / weights.length : weight / sum));
}

/** The highest probability of one row; one value a row is a binary output. */
export function confidenceOf(values: Floats, start: number, classes: number): number {
  let max = values[start]!;
  if (classes === 1) return Math.max(max, 1 - max);
  for (let i = start + 1; i < start + classes; i++) if (values[i]! > max) max = values[i]!;
  return max;
}

/** Refuses kinds whose rows have no single confidence. */
export function checkCascadeKind(where: string, kind: OutputKind, columns: number): void {
  checkKind(where, kind, columns);
  if (kind !== 'multi-label' && kind !== 'regression') return;
  throw new RangeError(
    `${where}: a cascade is not for kind '${kind}': its rows have no single confidence. Leave the cascade out.`,
  );
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
