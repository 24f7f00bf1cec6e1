import { measured, oneChunk } from './bytes.ts';
import type { BundleSink } from './files.ts';
import type { BundleManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';
import { assertSafePath, MANIFEST_PATH } from './paths.ts';

/** Bytes, or a stream that is read once. */
export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

export interface BundleParts {
  /** The manifest without what writing adds: version and checksums. */
  readonly manifest: Omit<BundleManifest, 'schemaVersion' | 'files'>;
  /** Every file but `ensemble.json`, by path. */
  readonly files: Readonly<Record<string, FileContent>>;
}

/**
 * Writes the files in the order given, hashing as they stream, and `ensemble.json` last, so that an interrupted write
 * leaves no manifest that promises what is not there. Returns the manifest as written. Throws `BundleError` for a manifest
 * that contradicts itself or an unsafe path, before the first byte.
 */
export async function writeBundle(sink: BundleSink, parts: BundleParts): Promise<BundleManifest> {
  const paths = Object.keys(parts.files);
  paths.forEach(assertSafePath);
  const withFiles = (files: BundleManifest['files']): BundleManifest =>
    parseManifest({ schemaVersion: 1, ...parts.manifest, files });
  withFiles(Object.fromEntries(paths.map((path) => [path, { bytes: 0, sha256: '0'.repeat(64) }])));
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const path of paths) {
    const content = parts.files[path]!;
    const { stream, sum } = measured(content instanceof Uint8Array ? oneChunk(content) : content);
    await sink.write(path, stream);
    files[path] = sum();
  }
  const manifest = withFiles(files);
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  await sink.write(MANIFEST_PATH, oneChunk(new TextEncoder().encode(text)));
  return manifest;
}
