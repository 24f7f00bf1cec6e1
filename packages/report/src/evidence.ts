import type { ReliabilityBin, RiskCoverage } from '@snapshot-ensemble/ensemble-math';

/** What an evaluation on held-out rows gives beside the scores; each part is drawn if present. */
export interface Evidence {
  readonly riskCoverage?: readonly RiskCurve[];
  readonly unknownInputs?: readonly UnknownInputs[];
  readonly reliability?: ReliabilityDiagram;
  readonly agreement?: Agreement;
  readonly disputed?: Disputed;
  readonly cascade?: readonly CascadeCost[];
  readonly interpolation?: readonly InterpolatedScore[];
}

/** The error among the rows that a model is surest of, for each share of rows that it answers. */
export interface RiskCurve {
  readonly name: string;
  readonly kind: 'ensemble' | 'single';
  /** `coverage` in (0, 1]. */
  readonly points: RiskCoverage['points'];
}

/** How unsure one model is about known and about unknown inputs. */
export interface UnknownInputs {
  /** The model. */
  readonly name: string;
  /** What is measured, e.g. `mutual information, nats`; larger means less sure. */
  readonly score: string;
  readonly known: ArrayLike<number>;
  readonly unknown: ArrayLike<number>;
  /** Above it an input is refused. */
  readonly threshold?: number;
  /** What the inputs are, e.g. `garments` and `digits`. */
  readonly names: { readonly known: string; readonly unknown: string };
}

/** What `reliability` returns, before and after the temperature. */
export interface ReliabilityDiagram {
  readonly before: readonly ReliabilityBin[];
  readonly after: readonly ReliabilityBin[];
}

/** Share of rows on which two members choose different classes, `[members, members]`. */
export interface Agreement {
  readonly members: readonly string[];
  readonly disagreement: readonly (readonly number[])[];
}

/** Grey images about which the members agree least. */
export interface Disputed {
  readonly width: number;
  readonly height: number;
  readonly images: readonly {
    /** `[height, width]`, 0 the background, 1 full ink. */
    readonly pixels: ArrayLike<number>;
    /** What it is. */
    readonly label: string;
    /** What the members say, e.g. `Coat 5, Shirt 3`. */
    readonly votes: string;
  }[];
}

/** One setting of a cascade, or one ensemble without. */
export interface CascadeCost {
  readonly name: string;
  /** Members run for a row, on average. */
  readonly cost: number;
  readonly accuracy: number;
}

/** A score on the straight line between the weights of two members: Huang et al. 2017, figure 4. */
export interface InterpolatedScore {
  /** E.g. `4 → 5`. */
  readonly name: string;
  /** Share of the second member, 0 to 1. */
  readonly points: readonly { readonly share: number; readonly value: number }[];
}
