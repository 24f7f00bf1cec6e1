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
