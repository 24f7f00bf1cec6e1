import { joinChunks, measured } from './bytes.ts';
import { BundleError } from './errors.ts';
import type { BundleSource } from './files.ts';
import type { BundleManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';
import { assertSafePath, MANIFEST_PATH } from './paths.ts';
import {
  parseSmokeTest,
  SMOKE_EXPECTED_PATH,
  SMOKE_REQUEST_PATH,
  type SmokeTest,
} from './smoke.ts';

// A thousand members with a hundred metrics each stay far below this.
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
// ONNX's own limit (a protobuf message); larger graphs keep weights in external files, read one by one.
const MAX_FILE_BYTES = 2 ** 31 - 1;

/** A bundle whose manifest was checked; its files are checked as they are read. */
export interface Bundle {
  readonly manifest: BundleManifest;
  /**
   * A file's bytes, size and SHA-256 verified. Throws `BundleError` (`unlisted-file`, `missing-file`,
   * `unreadable-file`, `wrong-size`, `wrong-checksum`, `too-large` above 2 GiB − 1).
   */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The graph with all members. */
  readGraph(): Promise<Uint8Array<ArrayBuffer>>;
  /** The request and its expected answer, or undefined where the bundle carries none. */
  readSmokeTest(): Promise<SmokeTest | undefined>;
  /** Reads every file listed and throws on the first that is not as the manifest says. Holds one chunk at a time. */
  verify(): Promise<void>;
}

/** Opens a bundle. Throws `BundleError` if `ensemble.json` is missing, damaged, from a newer format or contradicts itself. */
export async function readBundle(source: BundleSource): Promise<Bundle> {
  const manifest = parseManifest(await readJson(source));
  const readFile = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of verifiedChunks(source, manifest, path)) chunks.push(chunk);
    return joinChunks(chunks, manifest.files[path]!.bytes);
  };
  return {
    manifest,
    readFile,
    readGraph: () => readFile(manifest.graph),
    async readSmokeTest() {
      if (!Object.hasOwn(manifest.files, SMOKE_REQUEST_PATH)) return undefined;
      return parseSmokeTest(
        await readFile(SMOKE_REQUEST_PATH),
        await readFile(SMOKE_EXPECTED_PATH),
      );
    },
    async verify() {
      for (const path of Object.keys(manifest.files))
        await drain(verifiedChunks(source, manifest, path, false));
    },
  };
}

async function drain(chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  while (!(await chunks.next()).done) continue;
}

async function readJson(source: BundleSource): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of opened(source, MANIFEST_PATH)) {
    bytes += chunk.length;
    if (bytes > MAX_MANIFEST_BYTES)
      throw new BundleError(
        'too-large',
        `${MANIFEST_PATH} is larger than ${MAX_MANIFEST_BYTES} bytes; no bundle of ours is. Is this the right folder?`,
        { path: MANIFEST_PATH },
      );
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(joinChunks(chunks, bytes)));
  } catch (cause) {
    throw new BundleError(
      'unreadable-manifest',
      `${MANIFEST_PATH} is not JSON in UTF-8; export the bundle again.`,
      { path: MANIFEST_PATH, cause },
    );
  }
}

async function* verifiedChunks(
  source: BundleSource,
  { files }: BundleManifest,
  path: string,
  isHeld = true,
): AsyncGenerator<Uint8Array> {
  assertSafePath(path);
  const listed = Object.hasOwn(files, path) ? files[path] : undefined;
  if (listed === undefined)
    throw new BundleError(
      'unlisted-file',
      `The bundle has no file "${path}". It lists: ${Object.keys(files).join(', ')}.`,
      { path },
    );
  if (isHeld && listed.bytes > MAX_FILE_BYTES)
    throw new BundleError(
      'too-large',
      `Bundle file "${path}" has ${listed.bytes} bytes, more than the ${MAX_FILE_BYTES} that one array may hold. Open the folder itself.`,
      { path },
    );
  const { stream, sum } = measured(opened(source, path));
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    // Stop at once: what a lying source still sends may be endless.
    if (received > listed.bytes) throw wrongSize(path, listed.bytes, `more than that`);
    yield chunk;
  }
  if (received !== listed.bytes) throw wrongSize(path, listed.bytes, `${received}`);
  const { sha256 } = sum();
  if (sha256 !== listed.sha256)
    throw new BundleError(
      'wrong-checksum',
      `Bundle file "${path}" has SHA-256 ${sha256}, the manifest says ${listed.sha256}: it was changed or damaged. Copy or export the bundle again.`,
      { path },
    );
}

function wrongSize(path: string, expected: number, came: string): BundleError {
  return new BundleError(
    'wrong-size',
    `Bundle file "${path}" must have ${expected} bytes, ${came} came: it was cut off or changed. Copy or export the bundle again.`,
    { path },
  );
}

async function* opened(source: BundleSource, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* source.read(path);
  } catch (cause) {
    if (cause instanceof BundleError) throw cause;
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : '';
    const isMissing = code === 'not-found' || code === 'ENOENT';
    throw new BundleError(
      isMissing ? 'missing-file' : 'unreadable-file',
      `Bundle file "${path}" ${isMissing ? 'is missing' : 'cannot be read'}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { path, cause },
    );
  }
}
