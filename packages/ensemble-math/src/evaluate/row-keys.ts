import type { LabelledRows } from './labelled-rows.ts';

/** What each row is, told by its numbers. */
export interface RowKeys {
  /** A 53-bit hash of the values of all members, as float32, and of the label: `[rows]`. */
  readonly hashes: readonly number[];
  /** Whether the numbers are too many, and too odd, to agree by chance: `[rows]`. */
  readonly isTelling: readonly boolean[];
}

/** Each such value has 23 bits that a model hardly repeats: three of them do not meet by chance. */
const leastOddValues = 3;

export function rowKeys({ predictions, labels }: LabelledRows): RowKeys {
  const { members, rows, classes } = predictions;
  const width = labels.length / rows;
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  const isTelling: boolean[] = [];
  const hashes = Array.from({ length: rows }, (_, row) => {
    let [high, low] = [0x2545f491, 0x1b873593];
    const odd = new Set<number>();
    const mix = (number: number): void => {
      value[0] = number;
      high = Math.imul(high ^ bits[0]!, 0x85ebca6b);
      low = Math.imul(low ^ (bits[0]! >>> 13) ^ bits[0]!, 0xc2b2ae35) + high;
      high ^= high >>> 15;
      if (isOdd(value[0])) odd.add(value[0]);
    };
    for (const data of members) {
      for (let i = row * classes; i < (row + 1) * classes; i++) mix(data[i]!);
    }
    for (let i = row * width; i < (row + 1) * width; i++) mix(labels[i]!);
    isTelling.push(odd.size >= leastOddValues);
    return (high >>> 0) * 2 ** 21 + ((low >>> 0) & 0x1fffff);
  });
  return { hashes, isTelling };
}

/** Neither saturated nor a round number, such as the share of a vote or a class index. */
function isOdd(value: number): boolean {
  const rounded = Math.round(value * 1000) / 1000;
  return Math.abs(value - rounded) > 1e-7 * Math.abs(value);
}

export interface SharedRows {
  /** Rows whose numbers tell them apart: how many are in both, and how many repetitions within a set let expect. */
  readonly telling: { readonly shared: number; readonly expected: number };
  /** Of all rows of the second set, how many are in the first. */
  readonly all: number;
}

export function countShared(one: RowKeys, other: RowKeys): SharedRows {
  const first = new Set(one.hashes);
  const telling = new Set(one.hashes.filter((_, row) => one.isTelling[row]));
  const all = other.hashes.filter((hash) => first.has(hash)).length;
  const shared = other.hashes.filter((hash) => telling.has(hash)).length;
  return { telling: { shared, expected: Math.max(repeated(one), repeated(other)) }, all };
}

/** Telling rows that have an equal within their own set: inputs that the data set holds twice. */
function repeated({ hashes, isTelling }: RowKeys): number {
  const seen = new Set<number>();
  let count = 0;
  hashes.forEach((hash, row) => {
    if (!isTelling[row]) return;
    if (seen.has(hash)) count++;
    seen.add(hash);
  });
  return count;
}
