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
