import * as v from 'valibot';
import { dtypes } from '../dtypes.ts';
import { checkKey } from '../keys.ts';
import type { Metrics } from '../protocol.ts';
import type { BlobRecord, Manifest } from '../snapshot-store.ts';
import { jsonOf } from './blob-metadata.ts';
import { damagedManifest } from './damaged-manifest.ts';
import type { DType } from '../tensor.ts';
import { isHash, parseMember } from './member-record.ts';
import { migrate, migrations } from './migrations.ts';

/** The schema that this version writes. */
export const schemaVersion = 1;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** JSON has no NaN and no infinities, and diverged runs have both. */
const scalar = v.union([
  v.number(),
  v.pipe(v.picklist(['NaN', 'Infinity', '-Infinity']), v.transform(Number)),
]);
const runId = v.pipe(v.string(), v.regex(/^[a-z0-9]{1,32}$/));
const tensorSpec = v.object({
  name: v.string(),
  dtype: v.picklist(Object.keys(dtypes) as DType[]),
  shape: v.array(count),
});
const blobRecord = {
  key: v.string(),
  sha256: v.custom<string>(isHash, 'Expected a SHA-256'),
  bytes: count,
};
const manifestSchema = v.object({
  schemaVersion: v.literal(schemaVersion),
  run: runId,
  overwrote: v.array(runId),
  createdAt: v.string(),
  versions: v.record(v.string(), v.string()),
  model: v.object({ format: v.string(), weights: v.array(tensorSpec) }),
  topology: v.object(blobRecord),
  plan: v.object({
    totalSteps: count,
    cycles: v.array(v.object({ index: count, start: count, end: count })),
  }),
  schedule: v.array(v.object({ start: count, end: count, lrMax: scalar, lrEnd: scalar })),
  // Ten thousand of them are checked by hand below: valibot takes five times as long.
  members: v.custom<readonly unknown[]>(Array.isArray, 'Expected a list'),
  checkpoint: v.nullable(v.object({ step: count, epoch: count, ...blobRecord })),
  completed: v.boolean(),
});

const { overwrote, createdAt, versions, topology, plan, schedule } = manifestSchema.entries;

/** What every blob says about its run. */
export type RunFacts = Pick<
  Manifest,
  'overwrote' | 'createdAt' | 'versions' | 'topology' | 'plan' | 'schedule'
> & { readonly format: string };

/** What blobs say about their run and themselves, for those who rebuild a manifest from it. */
export const runSchemas: {
  readonly savedFields: v.GenericSchema<
    unknown,
    { readonly run: string; readonly savedAt: string }
  >;
  readonly description: v.GenericSchema<unknown, RunFacts>;
  readonly memberFields: v.GenericSchema<
    unknown,
    { readonly cycle: number; readonly step: number; readonly learningRate: string }
  >;
  readonly checkpointFields: v.GenericSchema<
    unknown,
    { readonly step: number; readonly epoch: number }
  >;
  readonly metrics: v.GenericSchema<unknown, Metrics>;
} = {
  savedFields: v.object({ run: runId, savedAt: v.string() }),
  description: v.object({
    overwrote,
    createdAt,
    versions,
    format: v.string(),
    topology,
    plan,
    schedule,
  }),
  memberFields: v.object({ cycle: count, step: count, learningRate: v.string() }),
  checkpointFields: v.object({ step: count, epoch: count }),
  metrics: v.record(v.string(), scalar),
};

/** Reads a manifest's bytes. Throws `StoreError('damaged')`, `('newer-schema')` or `('unsafe-key')`. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const migrated = migrate(parseJson(bytes), migrations, schemaVersion);
  const result = v.safeParse(manifestSchema, migrated, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw damagedManifest(`${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
  }
  const { members, ...rest } = result.output;
  const manifest: Manifest = { ...rest, members: members.map(parseMember) };
  for (const { key } of namedBlobs(manifest)) checkKey(key);
  return manifest;
}

export function formatManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(jsonOf(manifest));
}

/** Every blob that a manifest names. */
export function namedBlobs({ topology, members, checkpoint }: Manifest): readonly BlobRecord[] {
  return [topology, ...members, ...(checkpoint === null ? [] : [checkpoint])];
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damagedManifest('it is not JSON', { cause });
  }
}
