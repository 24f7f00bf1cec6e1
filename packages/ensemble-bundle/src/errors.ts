/**
 * What went wrong with a bundle: `unreadable-manifest` (missing or not JSON), `unsupported-version` (made by a newer
 * format), `invalid-manifest` (contradicts itself), `unlisted-file` (asked for, not in the manifest), `missing-file`,
 * `unreadable-file`, `wrong-size`, `wrong-checksum`, `too-large`, `unsafe-path`, `invalid-smoke` (a smoke file that is
 * not an Open Inference v2 message), `invalid-current` (what should name the revision in use does not).
 */
export type BundleErrorCode =
  | 'unreadable-manifest'
  | 'unsupported-version'
  | 'invalid-manifest'
  | 'unlisted-file'
  | 'missing-file'
  | 'unreadable-file'
  | 'wrong-size'
  | 'wrong-checksum'
  | 'too-large'
  | 'unsafe-path'
  | 'invalid-smoke'
  | 'invalid-current';

/** A bundle that cannot be read or written; branch on `code`. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly code: BundleErrorCode;
  /** The file at fault, relative to the bundle. */
  readonly path: string | undefined;

  constructor(
    code: BundleErrorCode,
    message: string,
    details: { readonly path?: string; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.path = details.path;
  }
}
