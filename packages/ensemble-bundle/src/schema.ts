import * as v from 'valibot';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { fromPolicyJson, type ManifestJson } from './manifest-json.ts';
import type { BundlePreprocess } from './manifest.ts';

/** Version of `ensemble.json` that this package writes: readers of the same major version open it. */
export const SCHEMA_VERSION = '1.0';

// Larger than any graph's; a file of more bytes is a mistake (or an attack).
const MAX_FILE_BYTES = 2 ** 50;
// More elements in a dimension than onnxruntime can index are none that ran.
const MAX_SIDE = 2 ** 31 - 1;
const MAX_OPSET = 64;
const MAX_RANK = 8;
const MAX_NAME_LENGTH = 1024;

const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(MAX_NAME_LENGTH));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const side = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_SIDE));
const symbol = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, 'must be a name of letters, digits, "_", "." and "-"'),
);
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const finite = v.pipe(v.number(), v.finite());
/** A number as JSON can hold it: NaN and infinities by name. */
const anyNumber = v.union([finite, v.picklist(['NaN', 'Infinity', '-Infinity'])]);
const dtype = v.picklist(['float32', 'int32', 'int64', 'bool', 'uint8', 'float16']);

function policyWith(object: typeof v.strictObject) {
  return object({
    kind: v.picklist(['probabilities', 'logits', 'binary', 'multi-label', 'regression']),
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
    weights: v.array(v.pipe(finite, v.minValue(0))),
    temperature: v.pipe(finite, v.gtValue(0)),
    cascade: v.exactOptional(object({ order: v.array(count), thresholds: v.array(share) })),
    conformal: v.exactOptional(
      object({
        method: v.picklist(['split', 'aps', 'absolute']),
        alpha: share,
        threshold: anyNumber,
        classThresholds: v.exactOptional(v.array(anyNumber)),
      }),
    ),
    abstain: v.exactOptional(
      object({
        score: v.picklist([
          'largestProbability',
          'entropy',
          'mutualInformation',
          'energy',
          'variance',
        ]),
        threshold: anyNumber,
        share,
      }),
    ),
  });
}

function preprocessWith(object: typeof v.strictObject) {
  const channels = v.pipe(v.array(finite), v.minLength(1));
  return object({
    layout: v.picklist(['nhwc', 'nchw']),
    resize: v.exactOptional(
      object({ height: side, width: side, method: v.picklist(['nearest', 'bilinear']) }),
    ),
    scale: finite,
    mean: channels,
    deviation: v.pipe(v.array(v.pipe(finite, v.gtValue(0))), v.minLength(1)),
  });
}

/**
 * The schema, its objects made by `object`: strict for what this version knows, open for a later minor version, which may have more.
 */
function schemaWith(object: typeof v.strictObject): v.GenericSchema<unknown, ManifestJson> {
  const tensor = object({
    name: text,
    dtype,
    shape: v.pipe(
      v.array(v.nullable(v.union([side, symbol]))),
      v.minLength(1),
      v.maxLength(MAX_RANK),
    ),
  });
  const policy = policyWith(object);
  const preprocess = preprocessWith(object);
  const member = object({
    id: text,
    cycle: count,
    step: count,
    metrics: v.record(v.string(), anyNumber),
    file: v.exactOptional(text),
  });
  const stage = object({
    file: text,
    members: v.pipe(v.array(count), v.minLength(1)),
    state: v.array(tensor),
  });
  return object({
    schemaVersion: v.pipe(
      v.string(),
      v.regex(/^\d{1,4}\.\d{1,4}$/, 'must be major.minor, such as "1.0"'),
    ),
    name: text,
    form: v.picklist(['fused', 'stacked', 'staged', 'separate']),
    precision: v.picklist(['float32', 'float16', 'int8-dynamic', 'int8-static']),
    inputs: v.pipe(v.array(tensor), v.minLength(1)),
    outputs: v.array(
      object({
        ...tensor.entries,
        role: v.picklist([
          'prediction',
          'predictive_entropy',
          'expected_entropy',
          'mutual_information',
          'variance',
          'members',
          'energy',
          'confidence',
          'conformal_set',
          'interval',
          'abstain',
        ]),
        of: text,
      }),
    ),
    labels: v.record(text, v.array(v.string())),
    policy: v.record(text, policy),
    members: v.pipe(v.array(member), v.minLength(1)),
    graph: v.exactOptional(text),
    stages: v.exactOptional(v.pipe(v.array(stage), v.minLength(1))),
    opset: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_OPSET)),
    preprocess: v.exactOptional(v.record(text, preprocess)),
    files: v.record(
      text,
      object({
        bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_FILE_BYTES)),
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')),
      }),
    ),
    provenance: v.record(v.string(), v.string()),
    extensions: v.exactOptional(v.record(text, v.unknown())),
  });
}

/** The shape of `ensemble.json`; what it cannot say (indices, sums, paths, shapes that fit) is checked by `parseManifest`. */
export const manifestSchema: v.GenericSchema<unknown, ManifestJson> = /* @__PURE__ */ schemaWith(
  v.strictObject,
);

/** The same for a later minor version, whose additions are dropped. */
export const laterManifestSchema: v.GenericSchema<unknown, ManifestJson> =
  /* @__PURE__ */ schemaWith(v.object as unknown as typeof v.strictObject);

/** A policy as JSON has it, e.g. one of `fitPolicy` in a file; it gives the policy, thresholds that JSON cannot hold included. */
export const policySchema: v.GenericSchema<unknown, EnsemblePolicy> = /* @__PURE__ */ v.pipe(
  policyWith(v.strictObject),
  v.transform((json) => fromPolicyJson(json)),
);

/** What a graph does to images first, as JSON has it. */
export const preprocessSchema: v.GenericSchema<unknown, BundlePreprocess> =
  /* @__PURE__ */ preprocessWith(v.strictObject);
