import type { Interval } from './interval.ts';

/** `tooFewRows` replaces the other three where there are too few rows to decide. */
export type Outcome = 'better' | 'noClearDifference' | 'worse' | 'tooFewRows';

/** Errors, likelihood as trained, likelihood after each side got its temperature; squared errors in regression. */
export type Measure = 'error' | 'nllRaw' | 'nllCalibrated' | 'mse';

/** The ensemble beside one contestant, by one measure, on the same rows. */
export interface Comparison {
  readonly measure: Measure;
  /** Loss of the contestant − loss of the ensemble, mean over rows; above 0 the ensemble is better. */
  readonly gain: Interval;
  readonly outcome: Outcome;
  /** Rows that only the ensemble gets right. For errors only. */
  readonly wins?: number;
  /** Rows that only the contestant gets right. For errors only. */
  readonly losses?: number;
}

export interface ContestantVerdict {
  readonly against: string;
  readonly comparisons: readonly Comparison[];
}

export interface Verdict {
  readonly rows: number;
  readonly confidence: number;
  readonly contestants: readonly ContestantVerdict[];
  /** The same in words. */
  readonly text: string;
}
