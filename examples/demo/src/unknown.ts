import { auroc } from '@snapshot-ensemble/ensemble-math';

/** A score of one model on known and on unknown inputs; the larger, the less sure. */
export interface Suspicion {
  readonly name: string;
  readonly known: Float64Array;
  readonly unknown: Float64Array;
}

/** How often an unknown input is more suspicious than a known one. */
export function found({ known, unknown }: Suspicion): number {
  const isUnknown = [
    ...Array<number>(known.length).fill(0),
    ...Array<number>(unknown.length).fill(1),
  ];
  return auroc([...known, ...unknown], isUnknown);
}

/** 97.5 % of a normal distribution lie below. */
const NORMAL_95 = 1.959964;

/**
 * How much more often `ours` finds an unknown input than `theirs`, with its 95 % interval, paired by inputs: DeLong,
 * DeLong and Clarke-Pearson 1988.
 */
export function findsMore(
  ours: Suspicion,
  theirs: Suspicion,
): { readonly gain: number; readonly lower: number; readonly upper: number } {
  const a = placements(ours);
  const b = placements(theirs);
  const error = Math.sqrt(
    variance(a.known, b.known) / a.known.length + variance(a.unknown, b.unknown) / a.unknown.length,
  );
  const gain = found(ours) - found(theirs);
  return { gain, lower: gain - NORMAL_95 * error, upper: gain + NORMAL_95 * error };
}

/** For each input, the share of the other kind that it is on the right side of. */
function placements({ known, unknown }: Suspicion): Pick<Suspicion, 'known' | 'unknown'> {
  const sortedKnown = known.toSorted();
  const sortedUnknown = unknown.toSorted();
  return {
    known: known.map((score) => 1 - shareBelow(sortedUnknown, score)),
    unknown: unknown.map((score) => shareBelow(sortedKnown, score)),
  };
}

/** Share of the sorted values below `score`, equal ones counting half. */
function shareBelow(sorted: Float64Array, score: number): number {
  const first = (isPast: (value: number) => boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isPast(sorted[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return (first((value) => value >= score) + first((value) => value > score)) / (2 * sorted.length);
}

function variance(a: Float64Array, b: Float64Array): number {
  const difference = a.map((value, row) => value - b[row]!);
  const mean = difference.reduce((sum, value) => sum + value, 0) / difference.length;
  return difference.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (difference.length - 1);
}
