import { BundleError } from './errors.ts';

/** Path of the table of contents; every other file of a bundle is named in it. */
export const MANIFEST_PATH = 'ensemble.json';

const SEGMENT = /^[A-Za-z0-9._-]+$/;
// Long enough for any layout of ours, short enough for every file system.
const MAX_PATH_LENGTH = 255;

/** Whether the path stays inside its bundle: `/`-separated segments of `[A-Za-z0-9._-]`, none of them `.` or `..`. */
export function isSafePath(path: string): boolean {
  return (
    path.length <= MAX_PATH_LENGTH &&
    path.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
  );
}

/** Throws `BundleError('unsafe-path')` where `isSafePath` is false. */
export function assertSafePath(path: string): void {
  if (isSafePath(path)) return;
  throw new BundleError(
    'unsafe-path',
    `Bundle path ${JSON.stringify(path)} is not allowed: use at most ${MAX_PATH_LENGTH} characters, ` +
      `segments of [A-Za-z0-9._-] separated by "/", none of them "." or "..".`,
    { path },
  );
}
