import { isSafePath, readAll } from '@snapshot-ensemble/bytes';
import { BundleError } from './errors.ts';
import type { BundleSource } from './files.ts';
import { isMissing, opened } from './opened.ts';
import { CURRENT_PATH } from './paths.ts';

const MAX_REVISION_LENGTH = 64;

/** A name for a new revision: when it was made, and what tells it from others of that second. */
export function newRevision(): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Whether `newRevision` made the name. */
export function isOurRevision(name: string): boolean {
  return /^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(name);
}

/** Whether the text names a revision: one segment of a safe path. */
export function isRevision(text: string): boolean {
  return text.length <= MAX_REVISION_LENGTH && !text.includes('/') && isSafePath(text);
}

/** The revision in use, or undefined where the bundle is flat. Throws `BundleError('invalid-current')`. */
export async function readCurrent(source: BundleSource): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readAll(limited(opened(source, CURRENT_PATH)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const revision = new TextDecoder().decode(bytes).trim();
  if (isRevision(revision)) return revision;
  throw invalidCurrent(JSON.stringify(revision.slice(0, MAX_REVISION_LENGTH)));
}

async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > 2 * MAX_REVISION_LENGTH) throw invalidCurrent('too much text');
    yield chunk;
  }
}

function invalidCurrent(came: string): BundleError {
  return new BundleError(
    'invalid-current',
    `"${CURRENT_PATH}" must hold the name of a folder beside it, it holds ${came}. Write the name of a revision there, or export the bundle again.`,
    { path: CURRENT_PATH },
  );
}
