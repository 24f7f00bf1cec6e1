export { compareAnswer } from './compare-answer.ts';
export type { AnswerComparison } from './compare-answer.ts';
export { BundleError } from './errors.ts';
export type { BundleErrorCode } from './errors.ts';
export type { BundleReadOptions, BundleSink, BundleSource, ReleaseLease } from './files.ts';
export { toManifestJson } from './manifest-json.ts';
export type {
  BundleDType,
  BundleFile,
  BundleForm,
  BundleManifest,
  BundleMember,
  BundleOutput,
  BundlePrecision,
  BundlePreprocess,
  BundleStage,
  BundleTensor,
  OutputRole,
} from './manifest.ts';
export { memoryBundle } from './memory-bundle.ts';
export { parseManifest } from './parse-manifest.ts';
export { CURRENT_PATH, MANIFEST_PATH } from './paths.ts';
export { readBundle } from './read-bundle.ts';
export type { Bundle } from './read-bundle.ts';
export { manifestSchema, policySchema, preprocessSchema, SCHEMA_VERSION } from './schema.ts';
export {
  openInferenceDatatypes,
  parseSmokeTest,
  SMOKE_EXPECTED_PATH,
  SMOKE_REQUEST_PATH,
  smokeFiles,
} from './smoke.ts';
export type { OpenInferenceDatatype, OpenInferenceTensor, SmokeTest } from './smoke.ts';
export { writeBundle } from './write-bundle.ts';
export type { BundleParts, FileContent, WriteBundleOptions } from './write-bundle.ts';
