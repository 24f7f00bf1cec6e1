import type { Interval } from './interval.ts';

/** `tooFewRows` stands in the place of the other three where the rows cannot carry any of them. */
export type Outcome = 'better' | 'noClearDifference' | 'worse' | 'tooFewRows';

/** Errors, likelihood as trained, likelihood after each side got its temperature; squared errors in regression. */
export type Measure = 'error' | 'nllRaw' | 'nllCalibrated' | 'mse';

/** The ensemble beside one contestant, by one measure, on the same rows. */
export interface Comparison {
  readonly measure: Measure;
  /** Loss of the contestant − loss of the ensemble, mean over rows; above 0 the ensemble is better. */
  readonly gain: Interval;
  readonly outcome: Outcome;
  /** Rows that only the ensemble has right. For errors. */
  readonly wins?: number;
  /** Rows that only the contestant has right. For errors. */
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
