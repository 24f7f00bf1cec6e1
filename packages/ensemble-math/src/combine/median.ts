import { softmaxRow } from '../softmax.ts';
import type { Floats } from '../shapes.ts';
import type { Block } from './block.ts';

/** Rounding of a sum of weights that should be exactly one half. */
const halfTolerance = 1e-9;

/** pooled = the weighted median of the members, value by value. */
export function medianOf(block: Block): void {
  medians(block, block.members, block.start);
}

/** Per-class medians, each row divided by its sum; a row whose medians are all 0 becomes uniform. */
export function medianOfProbabilities(block: Block): void {
  medianOf(block);
  normaliseRows(block);
}

/** As `medianOfProbabilities`, on the softmax of each member. */
export function medianOfSoftmax(block: Block): void {
  const { members, start, rows, classes, scratch } = block;
  const length = rows * classes;
  members.forEach((logits, m) => {
    for (let i = 0; i < length; i += classes) {
      softmaxRow(logits, start + i, classes, 1, scratch, m * length + i);
    }
  });
  const views = members.map((_, m) => scratch.subarray(m * length, (m + 1) * length));
  medians(block, views, 0);
  normaliseRows(block);
}

function medians(block: Block, members: readonly Floats[], start: number): void {
  const { weights, rows, classes, pooled } = block;
  const values = new Float64Array(members.length);
  const shares = new Float64Array(members.length);
  for (let i = 0; i < rows * classes; i++) {
    let sum = 0;
    for (let m = 0; m < members.length; m++) {
      const value = members[m]![start + i]!;
      const weight = weights[m]!;
      sum += value;
      let at = m;
      for (; at > 0 && values[at - 1]! > value; at--) {
        values[at] = values[at - 1]!;
        shares[at] = shares[at - 1]!;
      }
      values[at] = value;
      shares[at] = weight;
    }
    pooled[i] = Number.isFinite(sum) ? weightedMiddle(values, shares) : NaN;
  }
}

/** The sorted value at which half of the weight is reached; halfway to the next if it is reached exactly. */
function weightedMiddle(sorted: Float64Array, weights: Float64Array): number {
  let below = 0;
  let at = 0;
  for (; at < sorted.length - 1; at++) {
    below += weights[at]!;
    if (below >= 0.5 - halfTolerance) break;
  }
  if (Math.abs(below - 0.5) > halfTolerance) return sorted[at]!;
  let next = at + 1;
  while (next < sorted.length - 1 && weights[next] === 0) next++;
  return (sorted[at]! + sorted[next]!) / 2;
}

function normaliseRows({ rows, classes, pooled }: Block): void {
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += pooled[i]!;
    for (let i = start; i < start + classes; i++) {
      pooled[i] = sum === 0 ? 1 / classes : pooled[i]! / sum;
    }
  }
}
