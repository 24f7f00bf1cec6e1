import type { CyclePlan, Schedule } from '@snapshot-ensemble/schedules';
import type { Evidence } from './evidence.ts';

/** What is known after an epoch: `loss`, `acc`, …, and the same with `val_` in front for validation data. */
export interface EpochRecord {
  /** Counted from 0. */
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** One line of the table of results: one model, or one ensemble. */
export interface ResultRow {
  /** A `single` model is one that the ensemble is measured against; there may be several. */
  readonly kind: 'single' | 'member' | 'ensemble';
  readonly name: string;
  /** How many of the last members the ensemble holds. Required for the kind `ensemble`. */
  readonly size?: number;
  /**
   * `error`, `negativeLogLikelihood`, `brier`, `ece` (fractions, nats), the same with `Calibrated` behind, or any
   * other name.
   */
  readonly scores: Readonly<Record<string, number>>;
  /** The bounds between which each score is likely to lie, by its name. */
  readonly intervals?: Readonly<Record<string, readonly [lower: number, upper: number]>>;
}

export interface Results {
  /** Members oldest first, ensembles of the last 1, 2, … M. */
  readonly rows: readonly ResultRow[];
  /** The data that the scores are from, e.g. `the 10,000 test images`. */
  readonly data: string;
  /** The score that is drawn against the size of the ensemble. Default `error`. */
  readonly headline?: string;
}

/** A run as the report shows it. Sections whose data is absent are left out. */
export interface RunReport {
  readonly title: string;
  /** One or two sentences under the title: which model won, and by how much. */
  readonly verdict?: string;
  /** Short facts about the run, in the order in which they are shown. */
  readonly facts?: readonly { readonly name: string; readonly value: string }[];
  readonly plan: CyclePlan;
  /** The function that trained, or the learning rates that a store recorded. */
  readonly schedule: Schedule | readonly RecordedCycle[];
  /** Optimizer updates behind each snapshot. */
  readonly snapshots: readonly number[];
  readonly history?: readonly EpochRecord[];
  /** Needed to mark the restarts among the epochs. */
  readonly stepsPerEpoch?: number;
  readonly results?: Results;
  /** Drawn on the rows that `results.data` names. */
  readonly evidence?: Evidence;
}

/** Learning rate at the first and at the last step of the cycle `[start, end)`. */
export interface RecordedCycle {
  readonly start: number;
  readonly end: number;
  readonly lrMax: number;
  readonly lrEnd: number;
}
