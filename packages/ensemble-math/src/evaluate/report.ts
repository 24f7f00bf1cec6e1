import type { Ambiguity } from '../diversity/ambiguity.ts';
import type { EnsemblePolicy } from '../policy.ts';
import type { JudgedScores, Scores } from './scores.ts';
import type { Verdict } from './comparison.ts';

/** Everything measured about an ensemble, on rows it was not fitted on: plain JSON. */
export interface EnsembleReport {
  readonly rows: { readonly fit: number; readonly report: number };
  readonly policy: EnsemblePolicy;
  /** Of the pooled prediction, as trained and with the policy's temperature. */
  readonly ensemble: JudgedScores;
  /** Of each member on its own, as trained. */
  readonly members: readonly Scores[];
  /** Position of the member that is best on the fit rows. */
  readonly bestMember: number;
  /** Of the single model of equal budget. */
  readonly rival?: JudgedScores;
  /** Of the last m and the first m of all members, equally weighted, as trained: entry m − 1. Huang et al. 2017, §4.3. */
  readonly growing: { readonly last: readonly Scores[]; readonly first: readonly Scores[] };
  readonly diversity: DiversityReport;
  /** Classification only. */
  readonly uncertainty?: UncertaintyReport;
  /** Where the policy has a cascade. */
  readonly cascade?: CascadeReport;
  /** Where the policy is conformal. */
  readonly conformal?: ConformalReport;
  readonly verdict: Verdict;
}

/** Among the policy's members. */
export interface DiversityReport {
  /** Correlation of the outputs of each pair, the paper's figure; null where a member is constant. */
  readonly correlation: readonly (readonly (number | null)[])[];
  /** Share of rows on which each pair chooses different classes. Classification only. */
  readonly disagreement?: readonly (readonly number[])[];
  /** Of the weighted mean: Brier score, in regression squared error. */
  readonly ambiguity: Ambiguity;
}

/** Means over rows in nats, and how well each score tells errors from hits; null if there are only errors or none. */
export interface UncertaintyReport {
  readonly predictiveEntropy: UncertaintySummary;
  readonly expectedEntropy: UncertaintySummary;
  readonly mutualInformation: UncertaintySummary;
}

export interface UncertaintySummary {
  readonly mean: number;
  readonly errorAuroc: number | null;
}

export interface CascadeReport {
  /** Members run per row, on average. */
  readonly cost: number;
  /** Share of rows that leave after each stage. */
  readonly exits: readonly number[];
  readonly accuracy: number;
  /** Of all members on all rows. */
  readonly wholeAccuracy: number;
}

export interface ConformalReport {
  readonly alpha: number;
  /** Share of rows whose set holds the label, or whose intervals hold all targets. */
  readonly coverage: number;
  /** Classes per set, or width of the intervals, on average. */
  readonly meanSize: number;
}
