export { compareAnswer } from './compare-answer.ts';
export type { AnswerComparison } from './compare-answer.ts';
export { BundleError } from './errors.ts';
export type { BundleErrorCode } from './errors.ts';
export type { BundleSink, BundleSource } from './files.ts';
export { manifestSchema } from './manifest.ts';
export type {
  BundleDType,
  BundleManifest,
  BundleMember,
  BundleOutput,
  BundleTensor,
  OutputRole,
} from './manifest.ts';
export { memoryBundle } from './memory-bundle.ts';
export { parseManifest } from './parse-manifest.ts';
export { isSafePath, MANIFEST_PATH } from './paths.ts';
export { readBundle } from './read-bundle.ts';
export type { Bundle } from './read-bundle.ts';
export {
  openInferenceDatatypes,
  parseSmokeTest,
  SMOKE_EXPECTED_PATH,
  SMOKE_REQUEST_PATH,
  smokeFiles,
} from './smoke.ts';
export type { OpenInferenceDatatype, OpenInferenceTensor, SmokeTest } from './smoke.ts';
export { writeBundle } from './write-bundle.ts';
export type { BundleParts, FileContent } from './write-bundle.ts';
