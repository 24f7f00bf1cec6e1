import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';

export type BundleDType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8' | 'float16';

/**
 * A tensor of a graph. In `shape`, `null` is the batch and always comes first, a number is exact, and a name stands for a
 * dimension that each request chooses (a sequence's length, an image's height); equal names are equal sizes.
 */
export interface BundleTensor {
  readonly name: string;
  readonly dtype: BundleDType;
  readonly shape: readonly (number | string | null)[];
}

/**
 * What an output says about the prediction it belongs to, whose shape is `[rows, …, values]`. `predictive_entropy`,
 * `expected_entropy`, `mutual_information` and `energy` are `[rows, …, 1]`, `variance` `[rows, …, values]`, `members` `[rows,
 * members, …, values]`, `conformal_set` (bool) `[rows, …, classes]` (two of a binary output), `interval` `[rows, …, values, 2]` with low
 * before high, `abstain` (bool, true where no answer is given) `[rows, …]`. `confidence` `[rows, …, 1]` is what a cascade compares with
 * its thresholds: the largest probability (of a binary output max(p, 1 − p)) before the temperature.
 */
export type OutputRole =
  | 'prediction'
  | 'predictive_entropy'
  | 'expected_entropy'
  | 'mutual_information'
  | 'variance'
  | 'members'
  | 'energy'
  | 'confidence'
  | 'conformal_set'
  | 'interval'
  | 'abstain';

export interface BundleOutput extends BundleTensor {
  readonly role: OutputRole;
  /** Name of the prediction output that this one is about; its own name for a prediction. */
  readonly of: string;
}

export interface BundleMember {
  readonly id: string;
  readonly cycle: number;
  readonly step: number;
  /** May be NaN or infinite; `ensemble.json` holds those as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Path of the member's own graph, where the bundle carries it. Its outputs are the member's, by the names of the predictions. */
  readonly file?: string;
}

/**
 * How the members are divided into files: `fused`, branches of one graph; `stacked`, one graph whose operators work on
 * all members at once; `staged`, one graph for each stage of a cascade; `separate`, one graph per member.
 */
export type BundleForm = 'fused' | 'stacked' | 'staged' | 'separate';

/** How weights and operators are kept: `int8-dynamic` measures activations as it runs, `int8-static` knows their ranges. */
export type BundlePrecision = 'float32' | 'float16' | 'int8-dynamic' | 'int8-static';

/**
 * One stage of a cascade. Its graph takes the bundle's inputs and `state`, runs `members`, and gives every output for all members so
 * far, and the next stage's `state` under the names that are listed there.
 */
export interface BundleStage {
  readonly file: string;
  /** Positions in the manifest's `members`. */
  readonly members: readonly number[];
  /** What the graph takes from the stage before it; empty for the first. */
  readonly state: readonly BundleTensor[];
}

/** What the graph does to an input before the members see it. Described only: it is done in the graph. */
export interface BundlePreprocess {
  /** Layout of the input as requests send it. */
  readonly layout: 'nhwc' | 'nchw';
  /** Sides in pixels to which images are resized first. */
  readonly resize?: {
    readonly height: number;
    readonly width: number;
    readonly method: 'nearest' | 'bilinear';
  };
  /** The members see (value · scale − mean) / deviation, by channel; one number each stands for all channels. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export interface BundleFile {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** What `ensemble.json` holds: the table of contents of a bundle. */
export interface BundleManifest {
  /** `major.minor` of the format. */
  readonly schemaVersion: string;
  readonly name: string;
  readonly form: BundleForm;
  readonly precision: BundlePrecision;
  readonly inputs: readonly BundleTensor[];
  readonly outputs: readonly BundleOutput[];
  /** Class names by prediction output; of a binary output the negative and the positive one. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** How each prediction output is made; member indices are positions in `members`. */
  readonly policy: Readonly<Record<string, EnsemblePolicy>>;
  /** The members, oldest first. */
  readonly members: readonly BundleMember[];
  /** Path of the graph with all members and their combination (`fused`, `stacked`). Weights beyond 2 GiB lie in `<graph>.data`. */
  readonly graph?: string;
  /** First to run first (`staged`). */
  readonly stages?: readonly BundleStage[];
  readonly opset: number;
  /** By input name. */
  readonly preprocess?: Readonly<Record<string, BundlePreprocess>>;
  /** Every other file of the bundle, by path. */
  readonly files: Readonly<Record<string, BundleFile>>;
  /** Where the bundle comes from, as text: versions, run id, date. */
  readonly provenance: Readonly<Record<string, string>>;
  /** Additions by others, under a name of their own such as `com.example.audit`; kept, but never read. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}
