/** One annealing cycle: the steps `[start, end)`. */
export interface Cycle {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** Consecutive cycles that tile `[0, totalSteps)` without a gap. */
export interface CyclePlan {
  readonly totalSteps: number;
  readonly cycles: readonly Cycle[];
}

/** The plan whose cycle `i` ends before step `ends[i]`. */
export function planOf(ends: readonly number[]): CyclePlan {
  const cycles = ends.map((end, index) => ({
    index,
    start: index > 0 ? ends[index - 1]! : 0,
    end,
  }));
  return { totalSteps: ends.at(-1)!, cycles };
}
