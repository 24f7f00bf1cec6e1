import { measured, streamOf } from '@snapshot-ensemble/bytes';
import { checkOptions } from '@snapshot-ensemble/options';
import type { BundleSink } from './files.ts';
import { toManifestJson } from './manifest-json.ts';
import type { BundleManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';
import { assertSafePath, CURRENT_PATH, MANIFEST_PATH } from './paths.ts';
import { newRevision } from './revisions.ts';
import { SCHEMA_VERSION } from './schema.ts';

/** Bytes, or a stream that is read once. */
export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

export interface BundleParts {
  /** The manifest without what writing adds: version and checksums. */
  readonly manifest: Omit<BundleManifest, 'schemaVersion' | 'files'>;
  /** Every file but `ensemble.json`, by path. */
  readonly files: Readonly<Record<string, FileContent>>;
}

export interface WriteBundleOptions {
  /**
   * `revisions` writes beside what is there and then makes it the one in use, in one atomic step. `flat` writes the files themselves,
   * for a new folder that nothing reads yet. Default the sink's own, which is `revisions` for folders and blob stores.
   */
  readonly layout?: 'flat' | 'revisions';
}

/**
 * Writes a bundle: the files in the order given, hashing as they stream, then `ensemble.json`, then `current`, so that a write that
 * ends at any point leaves the bundle that was there or the new one. Returns the manifest as written. Throws `BundleError` for a
 * manifest that contradicts itself or an unsafe path, before the first byte.
 */
export async function writeBundle(
  sink: BundleSink,
  parts: BundleParts,
  options: WriteBundleOptions = {},
): Promise<BundleManifest> {
  checkOptions('writeBundle', options, { layout: true });
  const { layout = sink.layout ?? 'revisions' } = options;
  checkBeforeWriting(parts);
  if (layout === 'flat') return writeFiles(sink, '', parts);
  const revision = newRevision();
  const release = await sink.lease?.(revision);
  try {
    const manifest = await writeFiles(sink, `${revision}/`, parts);
    await sink.write(CURRENT_PATH, textStream(`${revision}\n`));
    return manifest;
  } finally {
    await release?.();
  }
}

function withFiles({ manifest }: BundleParts, files: BundleManifest['files']): BundleManifest {
  const schemaVersion = SCHEMA_VERSION;
  // A manifest that was read before brings its own version; whoever opens the file sees ours, first.
  return Object.assign({ schemaVersion }, manifest, { schemaVersion, files });
}

function checkBeforeWriting(parts: BundleParts): void {
  const paths = Object.keys(parts.files);
  paths.forEach(assertSafePath);
  const pretended = { bytes: 1, sha256: '0'.repeat(64) };
  parseManifest(
    toManifestJson(withFiles(parts, Object.fromEntries(paths.map((path) => [path, pretended])))),
  );
}

async function writeFiles(
  sink: BundleSink,
  folder: string,
  parts: BundleParts,
): Promise<BundleManifest> {
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const [path, content] of Object.entries(parts.files)) {
    const { stream, sum } = measured(content instanceof Uint8Array ? streamOf(content) : content);
    await sink.write(folder + path, stream);
    files[path] = sum();
  }
  const json = toManifestJson(withFiles(parts, files));
  const manifest = parseManifest(json);
  await sink.write(folder + MANIFEST_PATH, textStream(`${JSON.stringify(json, undefined, 2)}\n`));
  return manifest;
}

function textStream(text: string): AsyncIterable<Uint8Array> {
  return streamOf(new TextEncoder().encode(text));
}
