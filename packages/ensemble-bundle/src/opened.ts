import { BundleError } from './errors.ts';
import type { BundleSource } from './files.ts';

/** Whether an error says that a file is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof BundleError && error.code === 'missing-file';
}

/** A file's chunks, each good until the next is asked for; whatever the source throws comes as a `BundleError`. */
export async function* opened(source: BundleSource, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* source.read(path, undefined, { reuseChunks: true });
  } catch (cause) {
    if (cause instanceof BundleError) throw cause;
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : '';
    const isGone = code === 'not-found' || code === 'ENOENT' || code === 'ENOTDIR';
    throw new BundleError(
      isGone ? 'missing-file' : 'unreadable-file',
      `Bundle file "${path}" ${isGone ? 'is missing' : 'cannot be read'}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { path, cause },
    );
  }
}
