import { safeLog, softmaxRow } from '../softmax.ts';
import type { Floats } from '../shapes.ts';
import type { Block } from './block.ts';

/** pooled = Σₘ wₘ xₘ, members added in order: the same bits for every split into batches. */
export function weightedSum(block: Block): void {
  const { members } = block;
  // Four members per pass: a quarter of the loads and stores of `pooled`.
  const first = ((members.length - 1) % 4) + 1;
  setToFirst(block, first);
  for (let m = first; m < members.length; m += 4) addFour(block, m);
}

/** Up to four members; in the place of those that are not there the first comes again, with weight 0. */
function setToFirst(
  { members, weights, start, rows, classes, pooled }: Block,
  count: number,
): void {
  const at = (m: number): Floats => members[m < count ? m : 0]!;
  const weight = (m: number): number => (m < count ? weights[m]! : 0);
  const [a, b, c, d] = [at(0), at(1), at(2), at(3)];
  const [wa, wb, wc, wd] = [weight(0), weight(1), weight(2), weight(3)];
  const length = rows * classes;
  // Ten members leave two: not reading two more for nothing makes the whole mean a quarter faster.
  if (count <= 2) {
    for (let i = 0, j = start; i < length; i++, j++) pooled[i] = wa * a[j]! + wb * b[j]!;
    return;
  }
  for (let i = 0, j = start; i < length; i++, j++) {
    pooled[i] = wa * a[j]! + wb * b[j]! + wc * c[j]! + wd * d[j]!;
  }
}

function addFour({ members, weights, start, rows, classes, pooled }: Block, m: number): void {
  const [a, b, c, d] = [members[m]!, members[m + 1]!, members[m + 2]!, members[m + 3]!];
  const [wa, wb, wc, wd] = [weights[m]!, weights[m + 1]!, weights[m + 2]!, weights[m + 3]!];
  const length = rows * classes;
  for (let i = 0, j = start; i < length; i++, j++) {
    pooled[i] = pooled[i]! + wa * a[j]! + wb * b[j]! + wc * c[j]! + wd * d[j]!;
  }
}

/** pooled = Σₘ wₘ softmax(zₘ). */
export function weightedSumOfSoftmax(block: Block): void {
  const { members, weights, start, rows, classes, pooled, scratch } = block;
  pooled.fill(0, 0, rows * classes);
  members.forEach((logits, m) => {
    const weight = weights[m]!;
    for (let row = 0; row < rows; row++) {
      softmaxRow(logits, start + row * classes, classes, 1, scratch, 0);
      for (let c = 0, i = row * classes; c < classes; c++, i++) {
        pooled[i] = pooled[i]! + weight * scratch[c]!;
      }
    }
  });
}

/** pooled = softmax(Σₘ wₘ zₘ). */
export function softmaxOfWeightedSum(block: Block): void {
  weightedSum(block);
  softmaxRows(block);
}

/** pooled = softmax(Σₘ wₘ ln pₘ) = Πₘ pₘ^wₘ, normalised. */
export function weightedGeometric(block: Block): void {
  const { members, weights, start, rows, classes, pooled } = block;
  const length = rows * classes;
  pooled.fill(0, 0, length);
  members.forEach((probabilities, m) => {
    const weight = weights[m]!;
    if (weight === 0) return;
    for (let i = 0, j = start; i < length; i++, j++) {
      pooled[i] = pooled[i]! + weight * safeLog(probabilities[j]!);
    }
  });
  softmaxRows(block);
}

function softmaxRows({ rows, classes, pooled }: Block): void {
  for (let row = 0; row < rows; row++) {
    softmaxRow(pooled, row * classes, classes, 1, pooled, row * classes);
  }
}
