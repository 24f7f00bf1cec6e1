import type { Bundle, BundleManifest } from '@snapshot-ensemble/ensemble-bundle';

/** A file's text or bytes, or a stream that is read once. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Files by path below the folder that is written; `/` separates. */
export type Files = Readonly<Record<string, Content>>;

/** What is deployed, the same for every target. */
export interface Deployment {
  readonly bundle: Bundle;
  /** The model's name where it is served. */
  readonly name: string;
}

/** Every file of the bundle as it lies, flat, below `folder`, `ensemble.json` included. */
export function bundleFiles({ bundle }: Deployment, folder: string): Files {
  const { manifest } = bundle;
  const listed = Object.keys(manifest.files).map((path) => [
    `${folder}/${path}`,
    bundle.streamFile(path),
  ]);
  return {
    ...(Object.fromEntries(listed) as Files),
    [`${folder}/ensemble.json`]: `${JSON.stringify(manifest, nonFinite, 2)}\n`,
  };
}

/** `ensemble.json` writes numbers that JSON lacks as strings. */
function nonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** Bytes of everything in the bundle, for statements of size. */
export function bundleBytes({ files }: BundleManifest): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}
