import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import * as v from 'valibot';

export type BundleDType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8' | 'float16';

/** A tensor of the graph; `null` in `shape` stands for the batch, every other dimension is exact. */
export interface BundleTensor {
  readonly name: string;
  readonly dtype: BundleDType;
  readonly shape: readonly (number | null)[];
}

/** What a graph output says about the prediction it belongs to. */
export type OutputRole =
  | 'prediction'
  | 'predictive_entropy'
  | 'expected_entropy'
  | 'mutual_information'
  | 'variance'
  | 'members';

export interface BundleOutput extends BundleTensor {
  readonly role: OutputRole;
  /** Name of the prediction output that this one is about; its own name for a prediction. */
  readonly of: string;
}

export interface BundleMember {
  readonly id: string;
  readonly cycle: number;
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Path of the member's own graph, where the bundle carries it. */
  readonly file?: string;
}

/** What `ensemble.json` holds: the table of contents of a bundle. */
export interface BundleManifest {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly inputs: readonly BundleTensor[];
  readonly outputs: readonly BundleOutput[];
  /** Class names by prediction output. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** How each prediction output is made; member indices are positions in `members`. */
  readonly policy: Readonly<Record<string, EnsemblePolicy>>;
  /** The members inside the graph, oldest first. */
  readonly members: readonly BundleMember[];
  /** Path of the graph with all members and their combination. */
  readonly graph: string;
  readonly opset: number;
  /** Every other file of the bundle, by path. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  /** Who made the bundle from what, in words: versions, run id, date. */
  readonly provenance: Readonly<Record<string, string>>;
}

const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(1024));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const dtype = v.picklist(['float32', 'int32', 'int64', 'bool', 'uint8', 'float16']);
const shape = v.pipe(v.array(v.nullable(count)), v.maxLength(8));
const tensor = v.object({ name: text, dtype, shape });

const policy = v.object({
  kind: v.picklist(['probabilities', 'logits', 'regression']),
  members: v.pipe(v.array(count), v.minLength(1)),
  combine: v.picklist([
    'meanProbabilities',
    'meanLogits',
    'geometricMean',
    'medianProbabilities',
    'majorityVote',
    'mean',
    'median',
  ]),
  weights: v.array(v.pipe(v.number(), v.finite(), v.minValue(0))),
  temperature: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  cascade: v.exactOptional(
    v.object({ order: v.array(count), thresholds: v.array(v.pipe(v.number(), v.minValue(0))) }),
  ),
  conformal: v.exactOptional(
    v.object({ method: v.picklist(['split', 'aps']), alpha: v.number(), threshold: v.number() }),
  ),
});

/** The shape of `ensemble.json`; what the types cannot say (indices, sums, paths) is checked by `parseManifest`. */
export const manifestSchema: v.GenericSchema<unknown, BundleManifest> = v.object({
  schemaVersion: v.literal(1),
  name: text,
  inputs: v.array(tensor),
  outputs: v.array(
    v.object({
      ...tensor.entries,
      role: v.picklist([
        'prediction',
        'predictive_entropy',
        'expected_entropy',
        'mutual_information',
        'variance',
        'members',
      ]),
      of: text,
    }),
  ),
  labels: v.record(text, v.array(v.string())),
  policy: v.record(text, policy),
  members: v.pipe(
    v.array(
      v.object({
        id: text,
        cycle: count,
        step: count,
        metrics: v.record(v.string(), v.number()),
        file: v.exactOptional(text),
      }),
    ),
    v.minLength(1),
  ),
  graph: text,
  opset: count,
  files: v.record(text, v.object({ bytes: count, sha256 })),
  provenance: v.record(v.string(), v.string()),
});
