import { joinChunks, measured, readInto } from '@snapshot-ensemble/bytes';
import { BundleError } from './errors.ts';
import type { BundleSource } from './files.ts';
import type { BundleFile, BundleManifest } from './manifest.ts';
import { opened } from './opened.ts';
import { parseManifest } from './parse-manifest.ts';
import { assertSafePath, MANIFEST_PATH } from './paths.ts';
import { pinned } from './pin.ts';
import {
  parseSmokeTest,
  SMOKE_EXPECTED_PATH,
  SMOKE_REQUEST_PATH,
  type SmokeTest,
} from './smoke.ts';

// A thousand members with a hundred metrics each stay far below this.
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
// ONNX's own limit (a protobuf message); larger graphs keep weights in external files.
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * A bundle whose manifest was checked; its files are checked as they are read. It holds one revision open: call
 * `close`.
 */
export interface Bundle {
  readonly manifest: BundleManifest;
  /** The revision that was in use when the bundle was opened, and is read from then on; undefined where the bundle is flat. */
  readonly revision: string | undefined;
  /**
   * A file's bytes, size and SHA-256 verified; holds the file once and one chunk. Throws `BundleError` (`unlisted-file`,
   * `missing-file`, `unreadable-file`, `wrong-size`, `wrong-checksum`, `too-large` above 2 GiB − 1).
   */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * The same as a stream, of any size: the last chunk comes only after the checksum is found right. A chunk is valid
   * until the next is asked for.
   */
  streamFile(path: string): AsyncGenerator<Uint8Array>;
  /** The graph with all members. Throws `BundleError('unlisted-file')` for a form that has none. */
  readGraph(): Promise<Uint8Array<ArrayBuffer>>;
  /** The request and its expected answer, or undefined where the bundle carries none. */
  readSmokeTest(): Promise<SmokeTest | undefined>;
  /** Reads every file listed and throws on the first that is not as the manifest says. Holds one chunk at a time. */
  verify(): Promise<void>;
  /** Where a listed file lies in the file system, or undefined where the source has none. */
  locate(path: string): string | undefined;
  /** Releases the revision, so that it may be collected once it is old. Reading afterwards may fail. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a bundle at the revision in use, which stays open whatever is exported meanwhile. Throws `BundleError` if `ensemble.json` is
 * missing, damaged, from a newer format or contradicts itself.
 */
export async function readBundle(source: BundleSource): Promise<Bundle> {
  const placeIn = (revision: string | undefined, path: string): string =>
    revision === undefined ? path : `${revision}/${path}`;
  const {
    revision,
    value: manifest,
    release,
  } = await pinned(source, async (at) =>
    parseManifest(await readJson(source, placeIn(at, MANIFEST_PATH))),
  );
  const stream = (path: string): AsyncGenerator<Uint8Array> =>
    verifiedChunks(source, placeIn(revision, path), path, listed(manifest, path));
  const readFile = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
    const { bytes } = listed(manifest, path);
    if (bytes > MAX_FILE_BYTES) throw tooLarge(path, bytes);
    const file = new Uint8Array(bytes);
    await readInto(file, stream(path));
    return file;
  };
  return {
    manifest,
    revision,
    readFile,
    streamFile: stream,
    readGraph: () => {
      if (manifest.graph !== undefined) return readFile(manifest.graph);
      throw new BundleError(
        'unlisted-file',
        `The bundle has no graph of all members: its form is "${manifest.form}". Read ${manifest.form === 'staged' ? 'manifest.stages' : 'the files of manifest.members'}.`,
      );
    },
    async readSmokeTest() {
      if (!Object.hasOwn(manifest.files, SMOKE_REQUEST_PATH)) return undefined;
      return parseSmokeTest(
        await readFile(SMOKE_REQUEST_PATH),
        await readFile(SMOKE_EXPECTED_PATH),
      );
    },
    async verify() {
      for (const path of Object.keys(manifest.files)) await drain(stream(path));
    },
    locate(path) {
      listed(manifest, path);
      return source.locate?.(placeIn(revision, path));
    },
    close: release,
    [Symbol.asyncDispose]: release,
  };
}

async function drain(chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  while (!(await chunks.next()).done) continue;
}

async function readJson(source: BundleSource, path: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of opened(source, path)) {
    bytes += chunk.length;
    if (bytes > MAX_MANIFEST_BYTES)
      throw new BundleError(
        'too-large',
        `${MANIFEST_PATH} is larger than ${MAX_MANIFEST_BYTES} bytes; no bundle of ours is. Is this the right folder?`,
        { path },
      );
    chunks.push(chunk.slice());
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(joinChunks(chunks)));
  } catch (cause) {
    throw new BundleError(
      'unreadable-manifest',
      `${MANIFEST_PATH} is not JSON in UTF-8; export the bundle again.`,
      { path, cause },
    );
  }
}

function listed({ files }: BundleManifest, path: string): BundleFile {
  assertSafePath(path);
  const file = Object.hasOwn(files, path) ? files[path] : undefined;
  if (file !== undefined) return file;
  throw new BundleError(
    'unlisted-file',
    `The bundle has no file "${path}". It lists: ${Object.keys(files).join(', ')}.`,
    { path },
  );
}

/** The chunks of a file; the last one is held back until the whole is found to be what the manifest says. */
async function* verifiedChunks(
  source: BundleSource,
  place: string,
  path: string,
  { bytes, sha256: expected }: BundleFile,
): AsyncGenerator<Uint8Array> {
  const { stream, sum } = measured(opened(source, place));
  let received = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of stream) {
    received += chunk.length;
    // Stop at once: what a lying source still sends may be endless.
    if (received > bytes) throw wrongSize(path, bytes, 'more than that');
    if (received < bytes) yield chunk;
    else if (chunk.length > 0) last = chunk.slice();
  }
  if (received !== bytes) throw wrongSize(path, bytes, `${received}`);
  const { sha256 } = sum();
  if (sha256 !== expected)
    throw new BundleError(
      'wrong-checksum',
      `Bundle file "${path}" has SHA-256 ${sha256}, the manifest says ${expected}: it was changed or damaged. Copy or export the bundle again.`,
      { path },
    );
  if (last !== undefined) yield last;
}

function tooLarge(path: string, bytes: number): BundleError {
  return new BundleError(
    'too-large',
    `Bundle file "${path}" has ${bytes} bytes, more than the ${MAX_FILE_BYTES} that one array may hold. Stream it, or open it where \`locate\` says.`,
    { path },
  );
}

function wrongSize(path: string, expected: number, came: string): BundleError {
  return new BundleError(
    'wrong-size',
    `Bundle file "${path}" must have ${expected} bytes, ${came} came: it was truncated or changed. Copy or export the bundle again.`,
    { path },
  );
}
