import { checkOutputs, checkRowSum } from './check.ts';
import { memberOutputs, type Floats, type Outputs, type Predictions } from './shapes.ts';

/**
 * Probabilities below this, zero included, count as this wherever a logarithm is taken: the smallest normal
 * float32. A zero among float32 probabilities is an underflow, and one of them must not veto a class for ever.
 */
export const smallestProbability: number = 2 ** -126;

/** ln p, with p at least `smallestProbability`: at least −87.34 nats. */
export function safeLog(probability: number): number {
  return Math.log(probability < smallestProbability ? smallestProbability : probability);
}

/** Softmax of each row: `[rows, classes]` logits → probabilities. Refuses NaN. Writes to `into` where given. */
export function softmax(logits: Outputs, into?: Floats): Outputs {
  checkOutputs('softmax', logits);
  const { data, rows, classes } = logits;
  const out = into ?? new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    checkRowSum('softmax', row, softmaxRow(data, row * classes, classes, 1, out, row * classes));
  }
  return { data: out, rows, classes };
}

/** `softmax` of every member: a new array each. */
export function softmaxMembers(logits: Predictions): Predictions {
  return {
    ...logits,
    members: logits.members.map((_, m) => softmax(memberOutputs(logits, m)).data),
  };
}

/** out = softmax(scale · logits) for one row; returns 1, or NaN if the row has no softmax. `out` may be `logits`. */
export function softmaxRow(
  logits: Floats,
  start: number,
  classes: number,
  scale: number,
  out: Floats,
  outStart: number,
): number {
  let max = -Infinity;
  for (let c = 0; c < classes; c++) {
    const value = logits[start + c]!;
    if (value > max) max = value;
  }
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const value = Math.exp(scale * (logits[start + c]! - max));
    out[outStart + c] = value;
    sum += value;
  }
  const inverse = 1 / sum;
  for (let c = 0; c < classes; c++) out[outStart + c] = out[outStart + c]! * inverse;
  return sum * inverse;
}
